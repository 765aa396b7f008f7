/** REST tool calls in mcpo's shapes, through the whole gateway to a real child. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';

const EVERYTHING = {
  command: process.execPath,
  args: ['node_modules/@modelcontextprotocol/server-everything/dist/index.js', 'stdio'],
};

describe('calls over REST', () => {
  let app: RunningApp;
  before(async () => {
    app = await startApp({ mcpServers: { everything: EVERYTHING } });
  });
  after(() => app.close());

  it('answers the bare value of one text', async () => {
    const response = await app.post('/everything/echo', { message: 'hi' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(await response.text(), '"Echo: hi"');
  });
});
