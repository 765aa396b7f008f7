/** What every document must be so that Open WebUI, both halves of it, can use all that is in it. */
import assert from 'node:assert/strict';
import { isRecord, type JsonRecord, listOf, own, recordOf } from '../../src/schema/json-schema.ts';
import { describeValues } from '../../src/schema/words.ts';
import { convertInBackend } from './backend-convert.ts';
import { convertInBrowser } from './browser-convert.ts';
import type { ConvertedTool } from './client-model.ts';

const COMPONENT = '#/components/schemas/';
const COMPOSITIONS = ['anyOf', 'oneOf', 'allOf', 'not', 'if'];
const LISTS = ['anyOf', 'prefixItems'];
const SINGLE = ['items', 'contains', 'propertyNames'];
const MAPS = ['properties', 'patternProperties'];

export interface UsableOptions {
  /** mcpo's names hold letters of all scripts; those of ours never do. */
  readonly id?: RegExp;
}

/** Fails, naming the place, where the document breaks a rule; else gives the tools of both conversions. */
export function assertUsable(
  document: unknown,
  { id = /^[A-Za-z0-9_-]{1,64}$/ }: UsableOptions = {},
): Record<'backend' | 'browser', ConvertedTool[]> {
  assert.ok(isRecord(document) && isRecord(document.paths), 'a document has paths');
  const { title, description } = recordOf(document.info);
  assert.ok(isText(title) && isText(description), 'a document has a title and a description');
  const ids = Object.entries(document.paths).map(([path, item]) => operationId(path, item, document));
  assert.equal(new Set(ids).size, ids.length, 'operationIds are unique');
  for (const one of ids) assert.match(one, id);
  assertReferences(document, document, '#');
  const tools = { backend: convertInBackend(document), browser: convertInBrowser(document) };
  for (const converted of Object.values(tools)) {
    assert.deepEqual(
      converted.map(({ name }) => name),
      ids,
    );
    for (const { name, parameters } of converted) assert.equal(parameters.type, 'object', name);
  }
  return tools;
}

/** Checks one path, and gives its operationId. */
function operationId(path: string, item: unknown, document: JsonRecord): string {
  assert.deepEqual(Object.keys(recordOf(item)), ['post'], `${path} is POST and nothing else`);
  const operation = recordOf(recordOf(item).post);
  assert.equal(operation.parameters, undefined, `${path} has no parameters`);
  assert.ok(isText(operation.description), `${path} has a description`);
  const body = recordOf(operation.requestBody);
  assert.equal(body.required ?? false, false, `${path} does not need its body`);
  assert.deepEqual(Object.keys(recordOf(body.content)), ['application/json'], `${path} has a JSON body of its own`);
  assertForm(recordOf(recordOf(body.content)['application/json']).schema, path, document);
  return String(operation.operationId);
}

function assertForm(schema: unknown, path: string, document: JsonRecord): void {
  const ref = String(recordOf(schema).$ref ?? '');
  assert.ok(ref.startsWith(COMPONENT), `${path} refers to a component`);
  const form = own(recordOf(recordOf(document.components).schemas), ref.slice(COMPONENT.length));
  assert.ok(isRecord(form) && form.type === 'object' && isRecord(form.properties), `${path} takes an object`);
  for (const keyword of COMPOSITIONS) assert.equal(form[keyword], undefined, `${path} has no ${keyword} at the top`);
  assertPlain(form, path);
}

/** Every node: an object with a type or alternatives, of keywords that neither conversion leaves spoiled. */
function assertPlain(node: unknown, place: string, outerWords = ''): void {
  assert.ok(isRecord(node), `${place} is no boolean and no null`);
  assert.ok(node.type !== undefined || listOf(node.anyOf).length > 0, `${place} has a type`);
  for (const keyword of ['$ref', 'oneOf', 'allOf', 'const', 'not', '$defs', 'definitions']) {
    assert.equal(own(node, keyword), undefined, `${place} has no ${keyword}`);
  }
  assert.notEqual(node.default, null, `${place} has no default of null`);
  const hasChildren = listOf(node.type).some((type) => type === 'object' || type === 'array');
  assert.ok(!hasChildren, `${place} names a type with children alone`);
  if (node.type === 'array') assert.ok(isRecord(node.items), `${place} says what its items are`);
  assertValuesTold(node, place, outerWords);
  for (const keyword of SINGLE) if (Object.hasOwn(node, keyword)) assertPlain(node[keyword], `${place}/${keyword}`);
  for (const keyword of LISTS) {
    for (const [at, child] of listOf(node[keyword]).entries())
      assertPlain(child, `${place}/${keyword}/${at}`, String(node.description ?? ''));
  }
  for (const keyword of MAPS) {
    for (const [name, child] of Object.entries(recordOf(own(node, keyword)))) assertPlain(child, `${place}/${name}`);
  }
  const additional = own(node, 'additionalProperties');
  if (additional !== undefined && typeof additional !== 'boolean') assertPlain(additional, `${place}/*`);
}

/** The words of an optional value stand one level up, where folding it does not lose them. */
function assertValuesTold({ enum: values, description = '' }: JsonRecord, place: string, outerWords: string): void {
  if (values === undefined) return;
  assert.ok(Array.isArray(values) && values.length > 0, `${place} has values`);
  assert.ok(`${outerWords} ${description}`.includes(describeValues(values)), `${place} tells its values in words too`);
}

/** Answers and shared components too: no reference leads nowhere. */
function assertReferences(node: unknown, document: JsonRecord, place: string): void {
  if (typeof node !== 'object' || node === null) return;
  const ref = own(node as JsonRecord, '$ref');
  if (typeof ref === 'string') {
    const parts = ref.slice('#/'.length).split('/');
    const target = parts.reduce<unknown>((at, part) => own(recordOf(at), part), document);
    assert.ok(isRecord(target), `${place} leads somewhere: ${ref}`);
  }
  for (const [name, child] of Object.entries(node)) assertReferences(child, document, `${place}/${name}`);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
