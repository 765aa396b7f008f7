/** The document of `/api`: to the letter what users of acehoss/mcp-gateway have, and what it promised them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DumpedTool, schemaDump, schemaDumpPath } from '../../src/openapi/schema-dump.ts';

const OPEN = { url: 'http://localhost:3000/api', basic: false, bearer: false };

const echo: DumpedTool = {
  name: 'echo',
  description: 'Says it\nagain',
  inputSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { a: {} } },
};

/** Every key in its order, so it is compared as text. */
const EXPECTED = `{
  "openapi": "3.0.0",
  "info": { "title": "MCP Gateway Tools", "version": "1.0.0" },
  "servers": [{ "url": "http://localhost:3000/api" }],
  "paths": {
    "/b/echo": {
      "post": {
        "operationId": "b-echo",
        "summary": "Call tool: echo",
        "description": "Says it\\nagain",
        "parameters": [
          {
            "name": "sessionId",
            "in": "query",
            "schema": { "type": "string" },
            "required": true,
            "description": "Session ID for the tool call. Get one from GET /api/sessionid"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "type": "object",
                "properties": { "a": {} }
              }
            }
          }
        },
        "responses": { "200": { "description": "Success" } }
      }
    },
    "/sessionid": {
      "get": {
        "summary": "Generate a new session ID",
        "description": "Returns a new session ID that can be used for tool calls",
        "responses": {
          "200": {
            "description": "A new session ID",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "sessionId": { "type": "string", "description": "The generated session ID" }
                  },
                  "required": ["sessionId"]
                }
              }
            }
          }
        }
      }
    }
  }
}`;

interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: unknown } } };
}

function operationAt(path: string, document: ReturnType<typeof schemaDump>): Operation {
  const { post } = document.paths[path] as { readonly post?: Operation };
  assert.ok(post !== undefined, path);
  return post;
}

describe('the document of /api', () => {
  test('has the keys and texts of the original, in its order, and where it is', () => {
    const document = schemaDump([{ name: 'b', tools: [echo] }], OPEN);
    assert.equal(JSON.stringify(document), JSON.stringify(JSON.parse(EXPECTED)));
  });

  test('keeps the order of servers and of their tools; session ids come last', () => {
    const tools = [{ ...echo, name: 'z' }, echo];
    const document = schemaDump(
      [
        { name: 'b', tools },
        { name: 'a', tools },
        { name: 'none', tools: [] },
      ],
      OPEN,
    );
    assert.deepEqual(Object.keys(document.paths), ['/b/z', '/b/echo', '/a/z', '/a/echo', '/sessionid']);
  });

  test('a tool without a description has an empty one, and one without a schema takes any object', () => {
    for (const inputSchema of [undefined, null, 'text', true, []]) {
      const operation = operationAt('/a/t', schemaDump([{ name: 'a', tools: [{ name: 't', inputSchema }] }], OPEN));
      assert.equal(operation.description, '');
      assert.deepEqual(operation.requestBody.content['application/json'].schema, { type: 'object' });
    }
  });

  test('names the ways in that there are, each enough alone', () => {
    const basicAuth = { type: 'http', scheme: 'basic' };
    const bearerAuth = { type: 'http', scheme: 'bearer' };
    const ways = (basic: boolean, bearer: boolean): unknown[] => {
      const document = schemaDump([], { ...OPEN, basic, bearer });
      const added = basic || bearer ? ['components', 'security'] : [];
      assert.deepEqual(Object.keys(document), ['openapi', 'info', 'servers', 'paths', ...added]);
      return [document.components?.securitySchemes, document.security];
    };
    assert.deepEqual(ways(false, false), [undefined, undefined]);
    assert.deepEqual(ways(true, false), [{ basicAuth }, [{ basicAuth: [] }]]);
    assert.deepEqual(ways(false, true), [{ bearerAuth }, [{ bearerAuth: [] }]]);
    assert.deepEqual(ways(true, true), [{ basicAuth, bearerAuth }, [{ basicAuth: [] }, { bearerAuth: [] }]]);
  });

  test('names stand in ids as they are, and in paths as a client can send them', () => {
    const operation = operationAt(
      '/my%20files/odd/na%20me',
      schemaDump([{ name: 'my files', tools: [{ ...echo, name: 'odd/na me' }] }], OPEN),
    );
    assert.equal(operation.operationId, 'my files-odd/na me');
    const paths = {
      "a.b_c~d!e'(f)*g": "/s/a.b_c~d!e'(f)*g",
      'a:b@c&d=e+f$g,h;i': '/s/a:b@c&d=e+f$g,h;i',
      'a?b#c%41{d}': '/s/a%3Fb%23c%2541%7Bd%7D',
      '[a]\\"<b>^`|': '/s/%5Ba%5D%5C%22%3Cb%3E%5E%60%7C',
      größe: '/s/gr%C3%B6%C3%9Fe',
      '\n\u0000': '/s/%0A%00',
    };
    for (const [name, path] of Object.entries(paths)) {
      assert.equal(schemaDumpPath('s', name), path);
      assert.equal(decodeURIComponent(new URL(`http://localhost${path}`).pathname), `/s/${name}`);
    }
    assert.equal(schemaDumpPath('s', 'half\ud83d'), '/s/half%EF%BF%BD', 'and halves of characters break nothing');
  });

  test('names of what every object has are names like all others', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const document = schemaDump(
      names.map((name) => ({ name, tools: names.map((tool) => ({ ...echo, name: tool })) })),
      OPEN,
    );
    assert.equal(Object.keys(document.paths).length, 10);
    assert.equal(operationAt('/__proto__/constructor', document).operationId, '__proto__-constructor');
  });
});
