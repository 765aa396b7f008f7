/** Documents of one server: paths, bodies, answers and details. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootDocument, serverDocument } from '../../src/openapi/document.ts';
import type { DocumentedServer, OpenApiDocument } from '../../src/openapi/model.ts';
import { render } from '../../src/openapi/rendered.ts';
import { isRecord } from '../../src/schema/json-schema.ts';
import { eachNode, HOSTILE } from '../schema/fixtures.ts';

const info = { title: 'mcp-time', version: '1.2.3', description: 'Tells the time' };

const time: DocumentedServer = {
  name: 'time',
  info,
  tools: [
    {
      name: 'get_current_time',
      path: 'get_current_time',
      description: ' Get current time \fin a zone',
      inputSchema: {
        type: 'object',
        properties: {
          time_zone: { type: 'string', description: 'IANA name', minLength: 1 },
          format: { enum: ['12h', '24h'], default: '24h', title: 'Clock' },
          where: { $ref: '#/$defs/place' },
        },
        required: ['time_zone'],
        $defs: { place: { type: 'object', properties: { lat: { type: 'number' } } } },
      },
      outputSchema: { type: 'object', properties: { now: { type: 'string' } }, required: ['now'] },
    },
    { name: 'a-PING', path: 'a-PING', inputSchema: { type: 'object' } },
  ],
};

const failures = {
  '422': { $ref: '#/components/responses/ValidationError' },
  '500': { $ref: '#/components/responses/ToolError' },
  '503': { $ref: '#/components/responses/Unavailable' },
  '504': { $ref: '#/components/responses/Timeout' },
};

const body = (component: string): unknown => ({
  required: false,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${component}` } } },
});

const error = (description: string, schema: string): unknown => ({
  description,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
});

test('the document of one server', () => {
  const document = serverDocument(time, { servers: '/time', apiKey: false });
  const { schemas, ...components } = document.components ?? assert.fail();
  assert.deepEqual(
    { ...document, components },
    {
      openapi: '3.1.0',
      info,
      servers: [{ url: '/time' }],
      paths: {
        '/get_current_time': {
          post: {
            summary: 'Get Current Time',
            description: 'Get current time',
            operationId: 'tool_get_current_time_post',
            requestBody: body('get_current_time_form_model'),
            responses: {
              '200': {
                description: 'Successful Response',
                content: {
                  'application/json': {
                    schema: {
                      anyOf: [{ $ref: '#/components/schemas/get_current_time_response_model' }, {}],
                      title: 'Response Tool Get Current Time Post',
                    },
                  },
                },
              },
              ...failures,
            },
          },
        },
        '/a-PING': {
          post: {
            summary: 'A-Ping',
            description: 'A-Ping',
            operationId: 'tool_a_PING_post',
            requestBody: body('a-PING_form_model'),
            responses: {
              '200': {
                description: 'Successful Response',
                content: { 'application/json': { schema: { title: 'Response Tool A Ping Post' } } },
              },
              ...failures,
            },
          },
        },
      },
      components: {
        responses: {
          ValidationError: error('Validation Error', 'HTTPValidationError'),
          ToolError: error('The tool failed', 'Error'),
          Unavailable: error('The server is not reachable at the moment', 'Error'),
          Timeout: error('The server did not answer in time', 'Error'),
        },
      },
    },
  );
  assert.deepEqual(Object.keys(schemas), [
    'Error',
    'HTTPValidationError',
    'ValidationError',
    'a-PING_form_model',
    'get_current_time_form_model',
    'get_current_time_response_model',
  ]);
  assert.deepEqual(schemas['a-PING_form_model'], { type: 'object', properties: {}, title: 'a-PING_form_model' });
  assert.deepEqual(schemas.get_current_time_form_model, {
    type: 'object',
    properties: {
      time_zone: { type: 'string', description: 'IANA name', minLength: 1, title: 'Time Zone' },
      format: {
        type: 'string',
        enum: ['12h', '24h'],
        default: '24h',
        title: 'Clock',
        description: 'One of: "12h", "24h".',
      },
      where: { type: 'object', properties: { lat: { type: 'number', title: 'Lat' } }, title: 'Where' },
    },
    required: ['time_zone'],
    title: 'get_current_time_form_model',
  });
  assert.deepEqual(schemas.get_current_time_response_model, {
    type: 'object',
    properties: { now: { type: 'string', title: 'Now' } },
    required: ['now'],
    title: 'get_current_time_response_model',
  });
});

test('with an API key every operation says so', () => {
  const { paths, components } = serverDocument(time, { apiKey: true });
  for (const { post } of Object.values(paths)) {
    assert.deepEqual(post.security, [{ HTTPBearer: [] }]);
    assert.deepEqual(post.responses['401'], { $ref: '#/components/responses/Unauthorized' });
    assert.deepEqual(post.responses['403'], { $ref: '#/components/responses/Forbidden' });
  }
  assert.deepEqual(components?.securitySchemes, { HTTPBearer: { type: 'http', scheme: 'bearer' } });
});

test('the document of all servers', () => {
  const other: DocumentedServer = { ...time, name: 'my clock', tools: time.tools.slice(1) };
  const document = rootDocument([time, other], {
    title: 'All',
    version: '1.0',
    description: 'D',
    apiKey: false,
    pathOf: (server, tool) => `/${server.name}/${tool.path}`,
  });
  assert.deepEqual(document.info, { title: 'All', version: '1.0', description: 'D' });
  assert.equal(document.servers, undefined);
  const operations = Object.entries(document.paths).map(([path, { post }]) => [path, post.operationId, post.tags]);
  assert.deepEqual(operations, [
    ['/time/get_current_time', 'time_get_current_time', ['time']],
    ['/time/a-PING', 'time_a-PING', ['time']],
    ['/my clock/a-PING', 'my_clock_a-PING', ['my clock']],
  ]);
  assert.deepEqual(document.paths['/my clock/a-PING']?.post.requestBody, body('my_clock_a-PING_form_model'));
  assert.equal(document.paths['/time/a-PING']?.post.summary, 'A-Ping');
});

describe('details', () => {
  const one = (tool: object): OpenApiDocument =>
    serverDocument({ name: 's', info, tools: [{ name: 't', path: 't', inputSchema: {}, ...tool }] }, { apiKey: false });

  test('a server without tools has paths and nothing else', () => {
    const document = serverDocument({ ...time, tools: [] }, { apiKey: true });
    assert.deepEqual(document, { openapi: '3.1.0', info, paths: {} });
  });
  test('a description is never empty', () => {
    assert.equal(one({ description: '  ', title: 'Title' }).paths['/t']?.post.description, 'Title');
    assert.equal(one({ description: '\fx' }).paths['/t']?.post.description, 'T');
  });
  test('characters that mean something in a path are encoded', () => {
    assert.deepEqual(Object.keys(one({ path: 'a/{id}?' }).paths), ['/a/%7Bid%7D%3F']);
  });
  test('references of a document all lead somewhere', () => {
    const document = one({ outputSchema: true });
    for (const [, section, name] of JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      const components = document.components as Record<string, Record<string, unknown>> | undefined;
      assert.ok(components?.[section ?? '']?.[name ?? ''] !== undefined, name);
    }
  });
});

test('hostile tools: one reference at the top, objects at the top, types throughout', () => {
  const tools = Object.values(HOSTILE).map((schema, at) => ({
    name: `t${at}`,
    path: `t${at}`,
    inputSchema: schema,
    outputSchema: schema,
  }));
  const document = serverDocument({ name: 's', info, tools }, { apiKey: false });
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (!/_(form|response)_model$/.test(name)) continue;
    if (name.endsWith('_form_model')) assert.ok(schema.type === 'object' && isRecord(schema.properties), name);
    eachNode(schema, (node, place) => {
      assert.ok(isRecord(node) && node.$ref === undefined, `${name}${place}`);
      assert.ok(node.type !== undefined || Array.isArray(node.anyOf), `${name}${place}`);
    });
  }
  assert.ok(render(document).bytes.length > 0);
});

test('a rendered document has a strong tag that changes with it', () => {
  const [a, b, c] = ['/time', '/time', '/x'].map((servers) => render(serverDocument(time, { servers, apiKey: false })));
  assert.match(a?.etag ?? '', /^"[\w-]{43}"$/);
  assert.equal(a?.etag, b?.etag);
  assert.notEqual(a?.etag, c?.etag);
  assert.equal(JSON.parse(a?.bytes.toString() ?? '').openapi, '3.1.0');
});

test('bigints of a schema are written out', () => {
  const tools = [{ name: 't', path: 't', inputSchema: { properties: { a: { type: 'integer', maximum: 2n ** 63n } } } }];
  const { bytes } = render(serverDocument({ name: 's', info, tools }, { apiKey: false }));
  assert.match(bytes.toString(), /"maximum":9223372036854775808/);
});
