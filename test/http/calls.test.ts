/** REST tool calls in mcpo's shapes, through the whole gateway to a real child. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { until } from '../helpers/wait.ts';

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

  it('logs and counts a caller who hangs up', async () => {
    const leaving = new AbortController();
    const call = fetch(`${app.url}/everything/trigger-long-running-operation`, {
      method: 'POST',
      body: '{"duration": 20, "steps": 20}',
      headers: { 'content-type': 'application/json' },
      signal: leaving.signal,
    });
    setTimeout(() => leaving.abort(), 200);
    await assert.rejects(call);
    const record = await until(() => app.records.find((one) => one.code === 'cancelled' && one.msg === 'call'));
    assert.equal(record.status, 499);
    const metrics = await (await app.get('/metrics')).text();
    assert.match(metrics, /latchkey_tool_errors_total\{[^}]*code="cancelled"\} 1/);
  });

  it('answers the bare value of one text', async () => {
    const response = await app.post('/everything/echo', { message: 'hi' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(await response.text(), '"Echo: hi"');
  });
});
