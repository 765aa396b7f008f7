/** Writes the alternatives of a node so that clients which fold single ones into their node lose nothing by it. */
import { type Expansion, isForbidden, type Place } from './expansion.ts';
import { isRecord, type JsonSchema, listOf, own, type TypeName, typesOf } from './json-schema.ts';
import { type NormalNode, normalize } from './normal.ts';
import { joinWords } from './words.ts';

/** Words that a client keeps of the alternative where it folds one, whatever the node itself says. */
const WORDS = ['title', 'default', 'examples'] as const;

/** What was folded: a node may stand at many places, and each schema in normal form is of one document. */
const folded = new WeakMap<JsonSchema, NormalNode>();

/** A node with one possible alternative says what both say; any other stays as it is. */
export function foldSingle(node: NormalNode, run: Expansion): NormalNode {
  const known = folded.get(node.schema) ?? fold(node, run);
  folded.set(node.schema, known);
  return known;
}

function fold(node: NormalNode, run: Expansion): NormalNode {
  const [only, second] = possible(node.schema, run);
  if (only === undefined || second !== undefined) return node;
  const { [keywordOf(node.schema)]: _single, ...rest } = node.schema;
  return { ...normalize({ allOf: [rest, only] }, run.resolve), identity: node.identity };
}

/**
 * Adds `anyOf` to `out`. `oneOf` is written so too, since clients know it better; that only one may fit is checked at
 * the call.
 */
export function addAlternatives(
  schema: JsonSchema,
  types: readonly TypeName[],
  out: JsonSchema,
  below: Place,
  run: Expansion,
): void {
  const alternatives: JsonSchema[] = [];
  for (const raw of possible(schema, run)) {
    if (run.budget.isSpent && alternatives.length > 0) break;
    alternatives.push(run.expand(raw, { ...below, inherited: types }, run));
  }
  if (alternatives.length === 0) return;
  if (own(schema, 'nullable') === true && types.length === 0) alternatives.push({ type: 'null' });
  out.anyOf = alternatives;
  const [only, ...others] = alternatives.filter(({ type }) => type !== 'null');
  if (only !== undefined && others.length === 0) hoistWords(only, out);
}

/** The alternatives that anything may fit, one by one: a list may be longer than what will be written. */
function* possible(schema: JsonSchema, run: Expansion): Generator<unknown, undefined> {
  const declared = typesOf(schema);
  const isNullable = declared.length === 0 || declared.includes('null');
  for (const raw of listOf(own(schema, keywordOf(schema)))) {
    const isVain = !isNullable && isRecord(raw) && raw.type === 'null';
    if (raw !== undefined && !isVain && !isForbidden(raw, run)) yield raw;
  }
}

function keywordOf(schema: JsonSchema): 'anyOf' | 'oneOf' {
  return listOf(own(schema, 'anyOf')).length > 0 ? 'anyOf' : 'oneOf';
}

/** `anyOf: [T, null]` is T to many clients, with the words of T in place of those of the node. */
function hoistWords(only: JsonSchema, out: JsonSchema): void {
  if (typeof only.description === 'string') out.description = joinWords(out.description, only.description);
  delete only.description;
  for (const word of WORDS) {
    if (only[word] === undefined) continue;
    out[word] ??= only[word];
    delete only[word];
  }
}
