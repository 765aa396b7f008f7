/** Every kind of schema, from an MCP server through the gateway's documents to what a model gets, and back with a call. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isRecord, type JsonRecord, recordOf } from '../../src/schema/json-schema.ts';
import { type RunningApp, startApp } from '../helpers/app.ts';
import type { HttpServer } from '../helpers/http-server.ts';
import { Backend } from './backend.ts';
import { convertInBrowser } from './browser-convert.ts';
import type { Connection, ConvertedTool, Person } from './client-model.ts';
import { KINDS } from './kinds.ts';
import { startToolServer } from './tool-server.ts';

const KEY = 'correct horse battery';
const ANN: Person = { id: 'ann', name: 'Ann', email: 'ann@chat.example', role: 'user' };

/** Connections by what they cover, with the name that a tool has there. */
const VIEWS: readonly [where: string, path: string, nameOf: (kind: string) => string][] = [
  ['the document of a server', '/kinds', (kind) => `tool_${kind}_post`],
  ['the document of all servers', '', (kind) => `kinds_${kind}`],
];

let server: HttpServer;
let app: RunningApp;
before(async () => {
  const tools = Object.entries(KINDS).map(([name, { schema, rest }]) => ({
    name,
    inputSchema: { type: 'object', properties: { x: schema, note: { type: 'string' } }, required: ['x'], ...rest },
  }));
  server = await startToolServer(tools);
  app = await startApp({
    mcpServers: { kinds: { type: 'streamable-http', url: server.url.href } },
    argv: ['--api-key', KEY],
  });
});
after(async () => {
  await app.close();
  await server.stop();
});

for (const [where, path, nameOf] of VIEWS) {
  describe(where, () => {
    let backend: Backend;
    let tools: Record<'backend' | 'browser', readonly ConvertedTool[]>;
    before(async () => {
      const connection: Connection = { url: app.url + path, path: 'openapi.json', authType: 'bearer', key: KEY };
      backend = new Backend(connection);
      tools = { backend: await backend.load(), browser: [] };
      tools.browser = convertInBrowser(backend.document);
    });

    it('loses no tool', () => {
      for (const converted of [tools.backend, tools.browser]) {
        assert.deepEqual(
          converted.map(({ name }) => name),
          Object.keys(KINDS).map(nameOf),
        );
      }
    });

    for (const [kind, expected] of Object.entries(KINDS)) {
      it(kind, async () => {
        for (const side of ['backend', 'browser'] as const) {
          const { parameters } = tools[side].find(({ name }) => name === nameOf(kind)) ?? assert.fail();
          const { x, note } = untitled(recordOf(parameters.properties));
          assert.deepEqual(x, expected[side], side);
          assert.deepEqual([note, parameters.required], [{ type: 'string' }, ['x']], side);
        }
        const { text, isFailure } = await backend.call(ANN, nameOf(kind), { x: expected.value, unknown: 1 });
        assert.deepEqual([JSON.parse(text), isFailure], [{ x: expected.value }, false]);
      });
    }
  });
}

/** Members without the titles that documents add. */
function untitled(members: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, withoutTitles(schema)]));
}

function withoutTitles(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutTitles);
  if (!isRecord(schema)) return schema;
  const { title: _, ...rest } = schema;
  const kept = Object.entries(rest).map(([keyword, value]) => {
    const isMap = keyword === 'properties' || keyword === 'patternProperties';
    return [keyword, isMap ? untitled(recordOf(value)) : withoutTitles(value)];
  });
  return Object.fromEntries(kept);
}
