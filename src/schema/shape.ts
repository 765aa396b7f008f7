/** Reads an object schema as a list of members, also where they hide in `anyOf`, `oneOf`, `then`, `else` and the like. */
import { isRecord, type JsonSchema, listOf, own, recordOf, stringsOf } from './json-schema.ts';
import { normalize } from './normal.ts';
import { partsOf } from './parts.ts';
import type { Resolver } from './refs.ts';

/** The members of an object. */
export interface ObjectShape {
  /** Name to schema, in the order of the document; what several alternatives describe is an `anyOf` of theirs. */
  readonly properties: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<string>;
  /** What the schema says of members that it does not name; true when it says nothing. */
  readonly additional: unknown;
}

/** Alternatives nested deeper than this are not looked into. */
const DEEPEST_ALTERNATIVE = 8;
/** More alternatives than this, counted over all levels, are not looked into. */
const MOST_ALTERNATIVES = 300;
/** And no alternative after so many members. */
const MOST_MEMBERS = 20_000;

/** True when the node names members of its own. */
export function hasProperties(schema: JsonSchema): boolean {
  return Object.keys(recordOf(own(schema, 'properties'))).length > 0;
}

/**
 * The shape of a normal-form object schema.
 * Members that only an alternative describes are optional: which of them are needed together is left to the checks.
 */
export function shapeOf(schema: JsonSchema, resolve: Resolver): ObjectShape {
  const found = new Map<string, unknown[]>();
  addMembers(schema, found);
  const declared = new Set(found.keys());
  addAlternatives(schema, { found, declared, resolve, left: MOST_ALTERNATIVES, members: MOST_MEMBERS }, 0);
  const properties = new Map<string, unknown>();
  for (const [name, schemas] of found) properties.set(name, schemas.length === 1 ? schemas[0] : { anyOf: schemas });
  // A member that matches a pattern is not an unknown one, and patterns are not run here.
  const open = isRecord(own(schema, 'patternProperties')) && own(schema, 'additionalProperties') === false;
  const additional = open ? true : (own(schema, 'additionalProperties') ?? true);
  return { properties, required: new Set(stringsOf(own(schema, 'required'))), additional };
}

interface Search {
  readonly found: Map<string, unknown[]>;
  /** Members that the node itself describes: an alternative only narrows those. */
  readonly declared: ReadonlySet<string>;
  readonly resolve: Resolver;
  left: number;
  members: number;
}

function addMembers(schema: JsonSchema, found: Map<string, unknown[]>, except?: ReadonlySet<string>): void {
  for (const [name, member] of Object.entries(recordOf(own(schema, 'properties')))) {
    if (except?.has(name)) continue;
    const known = found.get(name);
    if (known === undefined) found.set(name, [member]);
    else if (!known.includes(member)) known.push(member);
  }
}

function addAlternatives(schema: JsonSchema, search: Search, depth: number): void {
  if (depth > DEEPEST_ALTERNATIVE) return;
  for (const alternative of alternativesOf(schema)) {
    if (search.left <= 0 || search.members <= 0) return;
    search.left -= 1;
    const node = normalize(alternative, search.resolve);
    search.members -= partsOf(node.schema);
    addMembers(node.schema, search.found, search.declared);
    addAlternatives(node.schema, search, depth + 1);
  }
}

function alternativesOf(schema: JsonSchema): unknown[] {
  return [
    ...listOf(own(schema, 'anyOf')).slice(0, MOST_ALTERNATIVES),
    ...listOf(own(schema, 'oneOf')).slice(0, MOST_ALTERNATIVES),
    own(schema, 'then'),
    own(schema, 'else'),
    ...Object.values(recordOf(own(schema, 'dependentSchemas'))).slice(0, MOST_ALTERNATIVES),
  ].filter(isRecord);
}
