/** Turns a tool's schema into a coercion, once; recursion in the schema becomes recursion in the coercion. */
import { valuesOf } from './annotations.ts';
import type { Coerce } from './coerce.ts';
import { type Additional, type Field, listOfKind, objectOf } from './coerce-containers.ts';
import { anything, toBoolean, toDictionary, toInteger, toList, toNull, toNumber, toText } from './coerce-scalars.ts';
import { type Branch, ifObject, literal, nullable, unionOf } from './coerce-unions.ts';
import { itemsOf } from './items.ts';
import { isRecord, type JsonSchema, listOf, own, type TypeName, typesOf } from './json-schema.ts';
import { normalize } from './normal.ts';
import { partsOf } from './parts.ts';
import { createResolver, type Resolver } from './refs.ts';
import { hasProperties, type ObjectShape, shapeOf } from './shape.ts';

/** How mcpo names the component of a nested object, and with it a branch of a union. */
interface Naming {
  readonly prefix: string;
  readonly name: string;
}

/** A node on the way down, to which a recursive reference below leads back. */
interface Ancestor {
  readonly identity: unknown;
  readonly depth: number;
  readonly plan: { coerce: Coerce; label: string };
}

interface Planning {
  readonly resolve: Resolver;
  /** Nodes that may still be planned, and looks at parts of nodes; what lies beyond is passed on unread. */
  left: number;
  looks: number;
}

interface Spot {
  readonly naming: Naming;
  readonly ancestors: readonly Ancestor[];
  /** How deep in the body, not in the schema. */
  readonly depth: number;
  /** The types of the node whose alternative this is. */
  readonly inherited: readonly TypeName[];
}

const MOST_NODES = 5_000;
const MOST_LOOKS = 1_000_000;
const DEEPEST_LEVEL = 64;
const MOST_BRANCHES = 100;
/** Names of branches hold those of all the members that lead there. */
const LONGEST_LABEL = 1_000;

const NULL_BRANCH: Branch = { label: 'none', coerce: toNull };
const ANY_BRANCH: Branch = { label: 'any', coerce: anything };

const SCALARS: Readonly<Partial<Record<TypeName, Branch>>> = {
  string: { label: 'str', coerce: toText },
  integer: { label: 'int', coerce: toInteger },
  number: { label: 'float', coerce: toNumber },
  boolean: { label: 'bool', coerce: toBoolean },
  null: NULL_BRANCH,
};

/**
 * The coercion of a whole body.
 * In: a tool's input schema, whatever it is, and the tool's name. Out: a coercion that expects an object.
 */
export function planArguments(schema: unknown, tool: string): Coerce {
  const planning: Planning = { resolve: createResolver(schema), left: MOST_NODES, looks: MOST_LOOKS };
  const node = normalize(schema, planning.resolve);
  const label = `${tool}_form_model`;
  const ancestor: Ancestor = { identity: node.identity, depth: 0, plan: { coerce: anything, label } };
  const spot: Spot = { naming: { prefix: tool, name: 'form' }, ancestors: [ancestor], depth: 0, inherited: [] };
  ancestor.plan.coerce = planObject(shapeOf(node.schema, planning.resolve), label, spot, planning);
  return ancestor.plan.coerce;
}

function planNode(raw: unknown, spot: Spot, planning: Planning): Branch {
  const branches = planBranches(raw, spot, planning);
  return branches.length === 0 ? ANY_BRANCH : combine(branches);
}

/** The branches of one node: more than one when it may be of several kinds; unions in unions are one union. */
function planBranches(raw: unknown, spot: Spot, planning: Planning): Branch[] {
  const node = normalize(raw, planning.resolve);
  // Also for a node that is known: an object of many members may stand at many places.
  planning.left -= 1;
  planning.looks -= partsOf(node.schema);
  const known = spot.ancestors.find(({ identity }) => identity === node.identity && isRecord(identity));
  if (known !== undefined) {
    // A union that is one of its own branches says nothing by it, and would be tried for ever.
    if (known.depth === spot.depth) return [];
    const { plan } = known;
    return [{ label: plan.label, coerce: (value, run) => plan.coerce(value, run) }];
  }
  if (node.never || isSpent(planning) || spot.ancestors.length > DEEPEST_LEVEL) return [ANY_BRANCH];
  const plan = { coerce: anything, label: '...' };
  const below: Spot = { ...spot, ancestors: [...spot.ancestors, { identity: node.identity, depth: spot.depth, plan }] };
  const branches = restrict(kindsOf(node.schema, below, planning), node.schema);
  if (branches.length > 0) Object.assign(plan, combine(branches));
  return branches;
}

function kindsOf(schema: JsonSchema, spot: Spot, planning: Planning): Branch[] {
  const declared = typesOf(schema);
  const types = declared.length > 0 ? declared : spot.inherited;
  const orNull = own(schema, 'nullable') === true ? [NULL_BRANCH] : [];
  const anyOf = listOf(own(schema, 'anyOf'));
  const alternatives = anyOf.length > 0 ? anyOf : listOf(own(schema, 'oneOf'));
  if (alternatives.length > 0 && !hasProperties(schema)) {
    return [...planAlternatives(alternatives, { ...spot, inherited: types }, planning), ...orNull];
  }
  if (types.length > 0) return [...types.map((type) => planType(type, schema, spot, planning)), ...orNull];
  if (!hasProperties(schema)) return [ANY_BRANCH];
  return [{ label: 'any', coerce: ifObject(planType('object', schema, spot, planning).coerce) }];
}

function planAlternatives(alternatives: readonly unknown[], spot: Spot, planning: Planning): Branch[] {
  const branches: Branch[] = [];
  const prefix = `${spot.naming.prefix}_${spot.naming.name}`;
  for (const [at, alternative] of alternatives.entries()) {
    if (branches.length > MOST_BRANCHES || isSpent(planning)) return [ANY_BRANCH];
    if (alternative === false) continue;
    const naming = { prefix, name: `choice_${at}` };
    for (const branch of planBranches(alternative, { ...spot, naming }, planning)) branches.push(branch);
  }
  return branches;
}

/** Applies the node's own `enum` or `const` to each kind; null is left to whoever decides whether it may be there. */
function restrict(branches: readonly Branch[], schema: JsonSchema): Branch[] {
  const values = valuesOf(schema);
  if (values === undefined) return [...branches];
  return branches.map((branch) =>
    branch === NULL_BRANCH ? branch : { ...branch, coerce: literal(branch.coerce, values) },
  );
}

/** One branch for several: as Python does, equal ones are one, and null beside others makes them nullable. */
function combine(branches: readonly Branch[]): Branch {
  const kinds: Branch[] = [];
  for (const branch of branches) {
    const known = kinds.some(({ label, coerce }) => label === branch.label && coerce === branch.coerce);
    if (branch !== NULL_BRANCH && !known) kinds.push(branch);
  }
  const [first, second] = kinds;
  if (first === undefined) return NULL_BRANCH;
  const union =
    second === undefined
      ? first
      : { label: clip(`union[${kinds.map(({ label }) => label).join(',')}]`), coerce: unionOf(kinds) };
  if (!branches.includes(NULL_BRANCH)) return union;
  return { label: `nullable[${union.label}]`, coerce: nullable(union.coerce) };
}

function planType(type: TypeName, schema: JsonSchema, spot: Spot, planning: Planning): Branch {
  if (type === 'array') return planArray(schema, spot, planning);
  if (type !== 'object') return SCALARS[type] ?? ANY_BRANCH;
  const shape = shapeOf(schema, planning.resolve);
  if (shape.properties.size === 0 && !isRecord(shape.additional)) {
    return { label: 'dict[str,any]', coerce: toDictionary };
  }
  const label = modelName(spot.naming);
  const coerce = planObject(shape, label, spot, planning);
  return { label: shape.properties.size === 0 ? 'dict[str,any]' : label, coerce };
}

function planArray(schema: JsonSchema, spot: Spot, planning: Planning): Branch {
  const { prefix, rest } = itemsOf(schema);
  const naming = { prefix: `${spot.naming.prefix}_${spot.naming.name}`, name: 'item' };
  const plan = (raw: unknown): Branch => planNode(raw, memberSpot(spot, naming), planning);
  const item = isRecord(rest) ? plan(rest) : ANY_BRANCH;
  if (prefix.length === 0 && item.coerce === anything) return { label: 'list[any]', coerce: toList };
  const places = prefix.slice(0, MOST_BRANCHES).map((raw) => plan(raw).coerce);
  return { label: prefix.length > 0 ? 'list[any]' : `list[${item.label}]`, coerce: listOfKind(item.coerce, places) };
}

function planObject(shape: ObjectShape, model: string, above: Spot, planning: Planning): Coerce {
  const fields: Field[] = [];
  for (const [name, raw] of shape.properties) {
    if (isSpent(planning)) return objectOf(fields, 'keep');
    const { coerce } = planNode(raw, memberSpot(above, { prefix: model, name }), planning);
    const fallback = own(normalize(raw, planning.resolve).schema, 'default') ?? undefined;
    fields.push({ name, coerce, required: shape.required.has(name), fallback });
  }
  return objectOf(fields, planAdditional(shape, model, above, planning));
}

function planAdditional(shape: ObjectShape, model: string, above: Spot, planning: Planning): Additional {
  if (shape.additional === false) return 'drop';
  if (!isRecord(shape.additional)) return 'keep';
  const { coerce } = planNode(shape.additional, memberSpot(above, { prefix: model, name: 'value' }), planning);
  return coerce === anything ? 'keep' : coerce;
}

/** One level down in the body. */
function memberSpot(above: Spot, naming: Naming): Spot {
  return { naming, ancestors: above.ancestors, depth: above.depth + 1, inherited: [] };
}

function modelName({ prefix, name }: Naming): string {
  return clip(`${prefix}_${name}_model`).replaceAll('__', '_').replace(/_+$/, '');
}

function isSpent({ left, looks }: Planning): boolean {
  return left <= 0 || looks <= 0;
}

function clip(label: string): string {
  return label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL)}...` : label;
}
