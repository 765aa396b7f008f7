/** OpenAPI documents: the paths, names and schemas that clients of mcpo have come to rely on. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { startCases } from '../helpers/mcpo-cases-app.ts';

interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly requestBody: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: unknown }> }>;
  readonly security?: unknown;
}

interface Document {
  readonly openapi: string;
  readonly info: Record<string, string>;
  readonly servers?: unknown;
  readonly paths: Record<string, { readonly post: Operation }>;
  readonly components: {
    readonly schemas: Record<string, Record<string, unknown>>;
    readonly securitySchemes?: unknown;
  };
}

/** Path, summary, operationId and component as mcpo writes them. */
const OPERATIONS = [
  ['/plain', 'Plain', 'tool_plain_post', 'plain_form_model'],
  ['/with space', 'With Space', 'tool_with_space_post', 'with_space_form_model'],
  ['/größe', 'Größe', 'tool_größe_post', 'gr__e_form_model'],
  ['/UPPER_case', 'Upper Case', 'tool_UPPER_case_post', 'UPPER_case_form_model'],
  ['/get-HTTP-url', 'Get-Http-Url', 'tool_get_HTTP_url_post', 'get-HTTP-url_form_model'],
  ['/docs', 'Docs', 'tool_docs_post', 'docs_form_model'],
  ['/_lead', ' Lead', 'tool__lead_post', '_lead_form_model'],
  ['/emoji😀', 'Emoji😀', 'tool_emoji__post', 'emoji__form_model'],
  ['/described', 'Described', 'tool_described_post', 'described_form_model'],
  ['/twice', 'Twice', 'tool_twice_post', 'twice_form_model'],
] as const;

describe('documents as in mcpo', () => {
  let app: RunningApp;
  let names: Document;
  let calls: Document;
  before(async () => {
    app = await startCases(['names', 'calls'], { argv: ['--api-key', 'k'] });
    names = await document('/names/openapi.json');
    calls = await document('/calls/openapi.json');
  });
  after(() => app.close());

  async function document(path: string): Promise<Document> {
    return (await (await app.get(path)).json()) as Document;
  }

  it('head and servers', () => {
    assert.equal(names.openapi, '3.1.0');
    assert.deepEqual(names.info, {
      title: 'cases of names',
      version: '3.2.1',
      description: 'cases of names MCP Server',
    });
    assert.deepEqual(names.servers, [{ url: '/names' }]);
    assert.equal(calls.info.description, 'Call wisely.');
    assert.deepEqual(calls.servers, [{ url: '/calls' }]);
  });

  it('the main document describes the servers', async () => {
    const { info, servers } = await document('/openapi.json');
    assert.deepEqual(info, {
      title: 'MCP OpenAPI Proxy',
      version: '1.0',
      description:
        'Automatically generated API from MCP Tool Schemas\n\n- **available tools**：\n    - [names](/names/docs)\n    - [calls](/calls/docs)',
    });
    assert.equal(servers, undefined);
  });

  for (const [path, summary, operationId, component] of OPERATIONS) {
    it(path, () => {
      const operation = names.paths[path]?.post;
      assert.equal(operation?.summary, summary);
      assert.equal(operation?.operationId, operationId);
      assert.deepEqual(operation?.requestBody.content, {
        'application/json': { schema: { $ref: `#/components/schemas/${component}` } },
      });
      assert.deepEqual(operation?.responses['200'], {
        description: 'Successful Response',
        content: { 'application/json': { schema: { title: responseTitle(summary) } } },
      });
      assert.deepEqual(operation?.security, [{ HTTPBearer: [] }]);
      assert.notEqual(names.components.schemas[component], undefined);
    });
  }

  it('descriptions are stripped and cut at a form feed; of two tools with one name the last counts', () => {
    assert.equal(names.paths['/described']?.post.description, 'Stripped.\n\nMore.');
    assert.equal(names.paths['/twice']?.post.description, 'second');
  });

  it('the API key as a bearer scheme', () => {
    assert.deepEqual(names.components.securitySchemes, { HTTPBearer: { type: 'http', scheme: 'bearer' } });
  });

  it('tools in the order of the server, components by name', () => {
    assert.deepEqual(Object.keys(calls.paths).slice(0, 4), ['/answer', '/answer_typed', '/noargs', '/noargs_bare']);
    const components = Object.keys(calls.components.schemas);
    assert.deepEqual(components, [...components].sort());
    for (const name of ['HTTPValidationError', 'ValidationError']) assert.ok(components.includes(name), name);
  });

  it('a form with types, titles, defaults and what is required', () => {
    assert.deepEqual(calls.components.schemas.needed_form_model, {
      type: 'object',
      properties: {
        i: { type: 'integer', title: 'I' },
        n: { type: 'number', title: 'N' },
        b: { type: 'boolean', title: 'B' },
        s: { type: 'string', title: 'S' },
      },
      required: ['i', 's'],
      title: 'needed_form_model',
    });
    const { properties } = calls.components.schemas.defaults_form_model as { properties: Record<string, unknown> };
    assert.deepEqual(properties.i, { type: 'integer', title: 'I', default: 3 });
    assert.deepEqual(properties.l, { type: 'array', items: { type: 'integer' }, title: 'L', default: [1] });
  });

  it('titles of members come from their names', () => {
    const form = calls.components.schemas['odd-names_form_model'] as { properties: Record<string, { title: string }> };
    const titles = Object.entries(form.properties).map(([name, { title }]) => [name, title]);
    assert.deepEqual(Object.fromEntries(titles), {
      _under: 'Under',
      'with-dash': 'With-Dash',
      'with.dot': 'With.Dot',
      $dollar: '$Dollar',
      'a b': 'A B',
      '1st': '1St',
      schema: 'Schema',
      json: 'Json',
      class: 'Class',
    });
  });

  it('an output schema, or anything', () => {
    assert.deepEqual(calls.paths['/answer_typed']?.post.responses['200']?.content?.['application/json']?.schema, {
      anyOf: [{ $ref: '#/components/schemas/answer_typed_response_model' }, {}],
      title: 'Response Tool Answer Typed Post',
    });
    assert.deepEqual(calls.components.schemas.answer_typed_response_model?.required, ['n']);
  });
});

/** FastAPI makes it of the operationId, in which every character that is no word character is `_`. */
function responseTitle(summary: string): string {
  return `Response Tool ${summary.replace(/[-😀]/gu, ' ')} Post`;
}
