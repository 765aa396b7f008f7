/** Where latchkey answers otherwise than mcpo on purpose; `docs/migrating.md` lists the same differences. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { ask, startCases } from '../helpers/mcpo-cases-app.ts';

/** Schemas that kept mcpo from loading a server at all. */
const BROKEN = ['boolean', 'definitions', 'root', 'recursive', 'tuple', 'model_config'];

describe('differences from mcpo: arguments', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  for (const [name, tool, args, sent] of [
    ['an empty body is no arguments', 'scalars', '', {}],
    ['so is white space', 'scalars', '  ', {}],
    ['unknown keys are kept', 'needed', { i: 1, s: 'a', extra: 1 }, { i: 1, s: 'a', extra: 1 }],
    ['in nested objects too', 'objects', { point: { x: 1, z: 3 } }, { point: { x: 1, y: 7, z: 3 } }],
    ['unless the schema forbids them', 'maps', { shut: { a: 'x', b: 1 }, extra: 1 }, { shut: { a: 'x' } }],
    ['a tool that names no arguments gets what is sent', 'noargs', { i: 1 }, { i: 1 }],
    ['a required null stays', 'required_null', { sn: null }, { sn: null }],
    ['values of maps are read by their schema', 'maps', { map: { a: '1' } }, { map: { a: 1 } }],
  ] as const) {
    it(name, async () => {
      assert.deepEqual(await ask(app, `/calls/${tool}`, args), { status: 200, body: { tool, args: sent } });
    });
  }

  for (const [tool, args, type, loc, msg] of [
    ['needed', '', 'missing', ['i'], 'Field required'],
    ['scalars', { n: 'inf' }, 'finite_number', ['n'], 'Input should be a finite number'],
    ['scalars', '{"n":1e400}', 'finite_number', ['n'], 'Input should be a finite number'],
    ['constrained', { e: 'z' }, 'literal_error', ['e'], "Input should be 'a' or 'b'"],
    ['constrained', { max: 11 }, 'less_than_equal', ['max'], 'Input should be less than or equal to 10'],
    ['constrained', { max: 0 }, 'greater_than_equal', ['max'], 'Input should be greater than or equal to 1'],
    ['constrained', { len: 'a' }, 'string_too_short', ['len'], 'String should have at least 2 characters'],
    ['constrained', { len: 'abcd' }, 'string_too_long', ['len'], 'String should have at most 3 characters'],
    ['constrained', { few: [] }, 'too_short', ['few'], 'List should have at least 1 item after validation, not 0'],
    ['anything', { konst: 6 }, 'literal_error', ['konst'], 'Input should be 5'],
    ['anything', { allof: 5 }, 'string_type', ['allof'], 'Input should be a valid string'],
    [
      'maps',
      { map: { a: 'x' } },
      'int_parsing',
      ['map', 'a'],
      'Input should be a valid integer, unable to parse string as an integer',
    ],
  ] as const) {
    it(`${tool} refuses ${JSON.stringify(args)}`, async () => {
      const { status, body } = await ask(app, `/calls/${tool}`, args);
      assert.equal(status, 422);
      const [fault] = (body as { detail: { type: string; loc: unknown; msg: string }[] }).detail;
      assert.deepEqual([fault?.type, fault?.loc, fault?.msg], [type, ['body', ...loc], msg]);
    });
  }

  it('patterns, formats and unique items are left to the server', async () => {
    const args = { pat: 'b', few: [1, 1], mail: 'nope' };
    assert.deepEqual(await ask(app, '/calls/constrained', args), { status: 200, body: { tool: 'constrained', args } });
  });
});

describe('differences from mcpo: results', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  const text = { type: 'text', text: 't' };
  const link = { type: 'resource_link', uri: 'file:///a', name: 'a' };
  for (const [name, result, body] of [
    [
      'audio is a data URI, as images are',
      { content: [text, { type: 'audio', data: 'QUJD', mimeType: 'audio/wav' }] },
      ['t', 'data:audio/wav;base64,QUJD'],
    ],
    ['a resource link is kept', { content: [text, link] }, ['t', link]],
    [
      'an embedded text is an object',
      { content: [{ type: 'resource', resource: { uri: 'file:///a', text: 'body' } }] },
      { uri: 'file:///a', text: 'body' },
    ],
    [
      'an embedded file is a data URI',
      { content: [{ type: 'resource', resource: { uri: 'file:///a', mimeType: 'image/png', blob: 'QUJD' } }] },
      'data:image/png;base64,QUJD',
    ],
    ['content of a kind yet unknown is kept', { content: [{ type: 'future', x: 1 }] }, { type: 'future', x: 1 }],
    ['structured content stands in for none', { content: [], structuredContent: { a: 1 } }, { a: 1 }],
    ['NaN is a text', { content: [{ type: 'text', text: 'NaN' }] }, 'NaN'],
  ] as const) {
    it(name, async () => {
      assert.deepEqual(await ask(app, '/calls/answer', { result }), { status: 200, body });
    });
  }

  it('a result is neither held to its output schema nor changed by it', async () => {
    for (const structured of [{ n: 1 }, { n: 'x' }, undefined]) {
      const result = { content: [{ type: 'text', text: '{"n":1}' }], structuredContent: structured };
      assert.deepEqual(await ask(app, '/calls/answer_typed', { result }), { status: 200, body: { n: 1 } });
    }
  });
});

describe('differences from mcpo: servers, paths and documents', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['names', 'calls', 'paged', ...BROKEN]);
  });
  after(() => app.close());

  for (const set of BROKEN) {
    it(`a server with an odd schema loads whole: ${set}`, async () => {
      for (const tool of ['before', 'odd', 'after']) {
        const answer = await ask(app, `/${set}/${tool}`, {});
        assert.deepEqual(answer, { status: 200, body: { tool, args: {} } });
      }
    });
  }

  it('all pages of a tool list are read', async () => {
    assert.equal((await ask(app, '/paged/three', {})).status, 200);
  });

  it('a trailing slash is answered, not redirected', async () => {
    assert.equal((await ask(app, '/names/plain/', {})).status, 200);
  });

  it('a tool called mcp moves, because the MCP endpoint is there', async () => {
    // No JSON-RPC message.
    assert.equal((await ask(app, '/names/mcp', {})).status, 400);
    assert.deepEqual(await ask(app, '/names/mcp-tool', {}), { status: 200, body: { tool: 'mcp', args: {} } });
  });

  it('braces in a name are no parameter of the path', async () => {
    assert.equal((await ask(app, '/names/xANYy', {})).status, 404);
  });

  it('a server without tools yet is 503, and says when to try again', async () => {
    const dead = await startApp({ mcpServers: { dead: { command: '/nonexistent/program' } } });
    try {
      const response = await dead.post('/dead/x', {});
      assert.equal(response.status, 503);
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal((await dead.get('/dead/openapi.json')).status, 200);
    } finally {
      await dead.close();
    }
  });

  it('operationIds are unique and at most 64 characters long', async () => {
    const document = (await (await app.get('/names/openapi.json')).json()) as {
      paths: Record<string, { post: { operationId: string } }>;
    };
    const ids = Object.values(document.paths).map(({ post }) => post.operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every((id) => id.length <= 64));
    assert.match(document.paths['/n-twin']?.post.operationId ?? '', /^tool_n_twin_post_[0-9a-f]{6}$/);
    assert.match(document.paths['/n_twin']?.post.operationId ?? '', /^tool_n_twin_post_[0-9a-f]{6}$/);
  });

  it('the main document has the operations of all servers', async () => {
    const document = (await (await app.get('/openapi.json')).json()) as {
      paths: Record<string, { post: { operationId: string } }>;
    };
    assert.equal(document.paths['/calls/scalars']?.post.operationId, 'calls_scalars');
    assert.equal(document.paths['/paged/three']?.post.operationId, 'paged_three');
  });
});
