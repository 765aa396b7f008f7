/** Arguments that are too large: what is answered stays small, and names the true reason. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { requestText } from '../../src/upstream/jsonrpc.ts';
import type { RunningApp } from '../helpers/app.ts';
import { startCases } from '../helpers/mcpo-cases-app.ts';

describe('a 422 for a large body', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  it('tells every fault, and leaves out the inputs that are too long to repeat', async () => {
    const response = await app.post('/calls/needed', { n: 2, other: 'y'.repeat(5_000_000) });
    const text = await response.text();
    assert.equal(response.status, 422);
    assert.ok(text.length < 10_000, String(text.length));
    const { detail } = JSON.parse(text) as { detail: Record<string, unknown>[] };
    assert.equal(detail.length, 2);
    for (const fault of detail) assert.deepEqual(Object.keys(fault), ['type', 'loc', 'msg']);
  });
});

it('arguments longer than a string can be are not called too deep', () => {
  // Throws what V8 throws while it writes such a value, without the half gigabyte that this takes.
  const endless = { toJSON: () => 'x'.repeat(2 ** 30) };
  assert.throws(() => requestText(1, 'tools/call', { arguments: endless }, false), {
    code: 'body_too_large',
    status: 413,
    message: 'The arguments are too large to be sent to the server.',
  });
});
