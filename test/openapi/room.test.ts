/** The room of a document: what one server lists takes none of what others need, and no list makes it endless. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootDocument, serverDocument } from '../../src/openapi/document.ts';
import type { DocumentedServer, OpenApiDocument } from '../../src/openapi/model.ts';
import { render } from '../../src/openapi/rendered.ts';
import { isRecord } from '../../src/schema/json-schema.ts';
import { round } from '../schema/fixtures.ts';

const info = { title: 'mcp-time', version: '1.2.3', description: 'Tells the time' };

test('all schemas of a document share a budget; tools beyond it keep their name and words', () => {
  const tools = Array.from({ length: 40 }, (_, at) => {
    return {
      name: `t${at}`,
      path: `t${at}`,
      description: `Words ${at}`,
      inputSchema: round(100),
      outputSchema: round(100),
    };
  });
  const document = serverDocument({ name: 'much', info, tools }, { apiKey: false });
  assert.ok(render(document).bytes.length < 24 * 1024 * 1024);
  assert.equal(document.paths['/t39']?.post.description, 'Words 39');
  const { t39_form_model: form, t39_response_model: response } = document.components?.schemas ?? {};
  const words = 'Not described further: the schema is too large.';
  assert.deepEqual(form, { type: 'object', properties: {}, description: words, title: 't39_form_model' });
  assert.deepEqual(response, { type: 'object', description: words, title: 't39_response_model' });
});

test('a list of a great many tools, or of long names, makes no endless document', () => {
  const many = Array.from({ length: 60_000 }, (_, at) => ({ name: `t${at}`, path: `t${at}`, inputSchema: {} }));
  const long = Array.from({ length: 100 }, (_, at) => {
    const name = `${'ж'.repeat(100_000)}${at}`;
    return { name, path: name, inputSchema: {} };
  });
  for (const tools of [many, long]) {
    const { bytes } = render(serverDocument({ name: 'much', info, tools }, { apiKey: true, servers: '/much' }));
    assert.ok(bytes.length > 1024 * 1024 && bytes.length < 64 * 1024 * 1024, `${bytes.length} bytes`);
  }
});

/** So many tools, or those of these names, with one schema. */
function toolsOf(names: number | readonly string[], inputSchema: unknown = {}): DocumentedServer['tools'] {
  const all = typeof names === 'number' ? Array.from({ length: names }, (_, at) => `t${at}`) : names;
  return all.map((name) => ({ name, path: name, inputSchema }));
}

describe('a hostile server that stands first takes nothing from another:', () => {
  const words = { type: 'object', properties: { q: { type: 'string', description: 'Words' } }, required: ['q'] };
  const good: DocumentedServer = { name: 'good', info, tools: toolsOf(50, words) };
  const beside = (tools: DocumentedServer['tools']): OpenApiDocument =>
    rootDocument([{ name: 'evil', info, tools }, good], {
      ...info,
      apiKey: false,
      pathOf: (server, tool) => `/${server.name}/${tool.path}`,
    });
  const pathsOf = ({ paths }: OpenApiDocument, server: string): string[] =>
    Object.keys(paths).filter((path) => path.startsWith(`/${server}/`));

  test('of its tools one whose name is too long is left out alone', () => {
    const document = beside(toolsOf(['first', 'n'.repeat(4_200_000), 'last']));
    assert.deepEqual(pathsOf(document, 'evil'), ['/evil/first', '/evil/last']);
    assert.equal(pathsOf(document, 'good').length, 50);
  });
  test('a great many of its tools have only the room that is left', () => {
    const document = beside(toolsOf(60_000));
    assert.equal(pathsOf(document, 'good').length, 50);
    assert.ok(pathsOf(document, 'evil').length > 20_000);
  });
  test('its schemas too', () => {
    const [alone, both] = [[], toolsOf(80, round(100))].map((tools) => beside(tools).components?.schemas ?? {});
    const goods = Object.entries(alone ?? {}).filter(([name]) => name.startsWith('good_'));
    assert.equal(goods.length, 50);
    for (const [name, schema] of goods) assert.deepEqual(both?.[name], schema);
    assert.notDeepEqual(both?.evil_t0_form_model?.properties, {}, 'it has room of its own');
  });
});

test('the schemas of one server have half of the room for those of all', () => {
  const document = serverDocument({ name: 'much', info, tools: toolsOf(80, round(100)) }, { apiKey: false });
  const models = Object.values(document.components?.schemas ?? {}).filter(({ title }) => /^t\d+_/.test(String(title)));
  const described = models.filter(({ properties }) => isRecord(properties) && Object.hasOwn(properties, 'r'));
  assert.equal(models.length, 80);
  assert.ok(described.length >= 8 && described.length < 12, `${described.length} of a megabyte each`);
});

test('titles count, also where there is a description of spaces', () => {
  const tools = toolsOf(80).map((tool) => ({ ...tool, title: 'x'.repeat(1_000_000), description: ' ' }));
  const { paths } = serverDocument({ name: 'much', info, tools }, { apiKey: false });
  assert.ok(Object.keys(paths).length > 60 && Object.keys(paths).length < 70);
});
