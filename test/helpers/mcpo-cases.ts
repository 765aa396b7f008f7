/** Tools for the tests of compatibility with mcpo: every row of its tables of names, schemas and results, by server. */

export interface CaseTool {
  readonly name: string;
  readonly description?: string;
  readonly title?: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
}

const string = { type: 'string' };
const integer = { type: 'integer' };

/** Answers with its own arguments as JSON text, so that a caller sees what the server saw. */
function echo(name: string, properties: Record<string, unknown>, more: Record<string, unknown> = {}): CaseTool {
  return { name, description: `Tool ${name}`, inputSchema: { type: 'object', properties, ...more } };
}

/** A tool whose member `result` is the result of the call, word for word. */
function scripted(name: string, outputSchema?: unknown): CaseTool {
  const inputSchema = { type: 'object', properties: { result: { type: 'object' } }, required: ['result'] };
  return { name, inputSchema, ...(outputSchema === undefined ? {} : { outputSchema }) };
}

const point = { type: 'object', properties: { x: integer, y: { ...integer, default: 7 } }, required: ['x'] };
const typed = {
  type: 'object',
  properties: { n: { type: 'number' }, s: string, d: { ...integer, default: 4 } },
  required: ['n'],
};

const CALLS: readonly CaseTool[] = [
  scripted('answer'),
  scripted('answer_typed', typed),
  { name: 'noargs', description: 'No arguments', inputSchema: { type: 'object', properties: {} } },
  { name: 'noargs_bare', inputSchema: { type: 'object' } },
  { name: 'noargs_typed', inputSchema: { type: 'object' }, outputSchema: typed },
  {
    name: 'fail',
    inputSchema: { type: 'object', properties: { code: integer, data: { type: 'object' }, message: string } },
  },
  echo('scalars', { i: integer, n: { type: 'number' }, b: { type: 'boolean' }, s: string }),
  echo('needed', { i: integer, n: { type: 'number' }, b: { type: 'boolean' }, s: string }, { required: ['i', 's'] }),
  echo('defaults', {
    i: { ...integer, default: 3 },
    s: { ...string, default: 'x' },
    b: { type: 'boolean', default: false },
    l: { type: 'array', items: integer, default: [1] },
    nothing: { type: ['string', 'null'], default: null },
    must: { ...integer, default: 9 },
  }),
  echo('required_default', { i: { ...integer, default: 3 } }, { required: ['i'] }),
  echo('nulls', { z: { type: 'null' }, sn: { type: ['string', 'null'] }, an: { anyOf: [integer, { type: 'null' }] } }),
  echo(
    'required_null',
    { sn: { type: ['string', 'null'] }, i: { anyOf: [integer, { type: 'null' }] } },
    {
      required: ['sn'],
    },
  ),
  echo('unions', {
    si: { type: ['string', 'integer'] },
    is: { anyOf: [integer, string] },
    il: { anyOf: [integer, { type: 'array', items: string }] },
    po: { anyOf: [point, { type: 'object', properties: { name: string }, required: ['name'] }] },
    bn: { anyOf: [{ type: 'boolean' }, { type: 'number' }] },
  }),
  echo('lists', {
    any: { type: 'array' },
    ints: { type: 'array', items: integer },
    nested: { type: 'array', items: { type: 'array', items: { type: 'number' } } },
    points: { type: 'array', items: point },
  }),
  echo('objects', { free: { type: 'object' }, point, deep: { type: 'object', properties: { in: point } } }),
  echo(
    'maps',
    {
      map: { type: 'object', additionalProperties: integer },
      open: { type: 'object', properties: { a: string }, additionalProperties: true },
      shut: { type: 'object', properties: { a: string }, additionalProperties: false },
    },
    { additionalProperties: false },
  ),
  echo('anything', {
    none: {},
    konst: { const: 5 },
    oneof: { oneOf: [integer, string] },
    allof: { allOf: [string] },
    enumerated: { enum: ['a', 1] },
  }),
  echo('constrained', {
    e: { ...string, enum: ['a', 'b'] },
    max: { ...integer, maximum: 10, minimum: 1 },
    len: { ...string, minLength: 2, maxLength: 3 },
    pat: { ...string, pattern: '^a' },
    few: { type: 'array', items: integer, minItems: 1, maxItems: 2, uniqueItems: true },
    mail: { ...string, format: 'email' },
  }),
  echo('odd-names', {
    _under: string,
    'with-dash': string,
    'with.dot': string,
    $dollar: string,
    'a b': string,
    '1st': string,
    schema: string,
    json: string,
    class: string,
  }),
  {
    name: 'refs',
    inputSchema: {
      type: 'object',
      properties: { a: { $ref: '#/$defs/point' }, b: { $ref: '#/$defs/point', description: 'mine' } },
      $defs: { point: { ...point, description: 'of point' } },
    },
  },
];

const bare = (name: string, description?: string): CaseTool => ({
  name,
  ...(description === undefined ? {} : { description }),
  inputSchema: { type: 'object', properties: { v: string } },
});

const NAMES: readonly CaseTool[] = [
  bare('plain'),
  bare('a.b'),
  bare('a/b'),
  bare('with space'),
  bare('größe'),
  bare('UPPER_case'),
  bare('get-HTTP-url'),
  bare('n-twin'),
  bare('n_twin'),
  bare('docs'),
  bare('_lead'),
  bare('emoji😀'),
  bare('100%'),
  bare('q?x'),
  bare('h#x'),
  bare('described', '  Stripped.\n\nMore.\fHidden.  '),
  bare('mcp'),
  bare(`long_${'x'.repeat(120)}`),
  { ...bare('twice', 'first'), title: 'First' },
  { ...bare('twice', 'second'), title: 'Second' },
  bare('x{id}y'),
];

const broken = (property: unknown, more: Record<string, unknown> = {}): readonly CaseTool[] => [
  bare('before'),
  { name: 'odd', inputSchema: { type: 'object', properties: { x: property }, ...more } },
  bare('after'),
];

/** Tool lists by the first argument of the server. */
export const CASES: Readonly<Record<string, readonly CaseTool[]>> = {
  calls: CALLS,
  names: NAMES,
  boolean: broken(true),
  definitions: broken({ $ref: '#/definitions/d' }, { definitions: { d: string } }),
  root: broken({ $ref: '#' }),
  recursive: broken(
    { $ref: '#/$defs/t' },
    { $defs: { t: { type: 'object', properties: { t: { $ref: '#/$defs/t' } } } } },
  ),
  tuple: broken({ type: 'array', items: [string, integer] }),
  model_config: [bare('before'), echo('odd', { model_config: string, model_dump: string }), bare('after')],
  paged: [bare('one'), bare('two'), bare('three')],
  unlisted: [],
};
