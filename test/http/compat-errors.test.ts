/** Errors of tools and servers: the status by the JSON-RPC code, and the body, as in mcpo. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { ask, startCases } from '../helpers/mcpo-cases-app.ts';

describe('errors as mcpo answers them', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  for (const [code, status] of [
    [-32700, 400],
    [-32600, 400],
    [-32601, 404],
    [-32602, 422],
    [-32603, 500],
    [-32000, 500],
    [-32001, 500],
    [-32042, 500],
    [1, 500],
    [404, 500],
  ] as const) {
    it(`the JSON-RPC error ${code} is ${status}`, async () => {
      const answer = await ask(app, '/calls/fail', { code });
      assert.deepEqual(answer, { status, body: { detail: { message: 'Failed' } } });
    });
  }

  it('data of an error, also an empty one', async () => {
    assert.deepEqual(await ask(app, '/calls/fail', { code: -32602, data: { a: 1 } }), {
      status: 422,
      body: { detail: { message: 'Failed', data: { a: 1 } } },
    });
    assert.deepEqual(await ask(app, '/calls/fail', { code: -32603, data: { a: null }, message: 'it\'s "so"\n' }), {
      status: 500,
      body: { detail: { message: 'it\'s "so"\n', data: { a: null } } },
    });
    assert.deepEqual(await ask(app, '/calls/fail', { code: 7, data: {} }), {
      status: 500,
      body: { detail: { message: 'Failed', data: {} } },
    });
  });

  // mcpo means these bodies, but a handler of its own wraps them in the text of a Python exception.
  for (const [name, content, message] of [
    ['a text', [{ type: 'text', text: "it's\nbroken" }], "it's\nbroken"],
    [
      'the first of two texts',
      [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
      'one',
    ],
    ['an empty text', [{ type: 'text', text: '' }], ''],
    ['JSON, which stays text', [{ type: 'text', text: '{"error":1}' }], '{"error":1}'],
    ['nothing', [], 'Unknown tool execution error'],
    ['an image', [{ type: 'image', data: 'QUJD', mimeType: 'image/png' }], 'Unknown tool execution error'],
  ] as const) {
    it(`a result that is an error, with ${name}`, async () => {
      const answer = await ask(app, '/calls/answer', { result: { isError: true, content } });
      assert.deepEqual(answer, { status: 500, body: { detail: { message } } });
    });
  }

  it('a program that ends during a call', async () => {
    const answer = await ask(app, '/calls/fail', { code: 0 });
    assert.deepEqual(answer, { status: 500, body: { detail: { message: 'Connection closed' } } });
  });
});
