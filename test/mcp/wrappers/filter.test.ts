/** Tools that an entry does not offer: gone from lists, refused in calls, and nothing else is touched. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { filtered, type ToolFilter } from '../../../src/mcp/wrappers/filter.ts';
import { type Message, requestMessage } from '../../../src/upstream/peer/message.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { listen } from '../../helpers/listen.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';

const ALL: ToolFilter = { disabledTools: [] };
const ODD =
  '{"tools":[{"name":"keep","x-odd":12345678901234567890},{"name":"hide_1"},{"y":1}],"z":98765432109876543210}';

interface House {
  readonly peer: Peer;
  /** Names of the tools that were called. */
  readonly called: unknown[];
}

/** A server that answers `list` to `tools/list`, and to calls that they arrived. */
async function startServer(t: TestContext, list: (cursor: unknown) => string): Promise<House> {
  const called: unknown[] = [];
  const listening = await listen(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { id, method, params = {} } = JSON.parse(body || '{}');
    if (method === 'tools/call') called.push(params.name);
    const result = method === 'tools/list' ? list(params.cursor) : '{"content":[]}';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
  });
  t.after(() => listening.stop());
  const events = { onMessage: () => undefined, onClosed: () => undefined };
  const endpoint = { kind: 'http', url: new URL('/mcp', listening.origin), headers: {} } as const;
  const peer = openLegacyPeer(endpoint, events, new MemoryLog());
  t.after(() => peer.close());
  return { peer, called };
}

let ids = 0;

function ask(peer: Peer, method: string, params = {}): Promise<Message> {
  ids += 1;
  const message = requestMessage(ids, method, params);
  return new Promise((resolve, reject) => {
    let isHere = false;
    peer.request(message, {
      onMessage: () => undefined,
      onAnswer: (answer, status) => {
        assert.ok(isHere, 'answered before the request had returned');
        assert.equal(status, 200);
        resolve(answer);
      },
      onFailure: reject,
    });
    isHere = true;
  });
}

function namesIn({ result }: Message): unknown[] {
  return [result?.tools].flat().map((tool) => (tool as { name?: unknown }).name);
}

describe('filtered', () => {
  it('is the peer itself where all tools are offered', async (t) => {
    const { peer } = await startServer(t, () => ODD);
    assert.equal(
      filtered(peer, () => ALL),
      peer,
    );
  });

  it('takes out of each page what is not offered, and leaves the rest as it is', async (t) => {
    const pages = (cursor: unknown): string => (cursor === 'two' ? '{"tools":[{"name":"hide_2"}]}' : ODD);
    const { peer } = await startServer(t, pages);
    const guarded = filtered(peer, () => ({ disabledTools: ['hide_*'] }));
    const { text } = await ask(guarded, 'tools/list');
    const rest = '{"tools":[{"name":"keep","x-odd":12345678901234567890},{"y":1}],"z":98765432109876543210}';
    assert.ok(text.endsWith(`"result":${rest}}`), text);
    assert.deepEqual(namesIn(await ask(guarded, 'tools/list', { cursor: 'two' })), []);
  });

  it('passes a list from which nothing is taken as the very text', async (t) => {
    const { peer } = await startServer(t, () => ` ${ODD} `);
    const { text } = await ask(
      filtered(peer, () => ({ enabledTools: ['keep', 'hide*'], disabledTools: [] })),
      'tools/list',
    );
    assert.ok(text.includes(` ${ODD} `), text);
  });

  it('refuses calls of other tools in the words of servers, and sends nothing', async (t) => {
    const { peer, called } = await startServer(t, () => ODD);
    const guarded = filtered(peer, () => ({ enabledTools: ['keep'], disabledTools: [] }));
    const { error } = await ask(guarded, 'tools/call', { name: 'hide_1' });
    assert.deepEqual(error, { code: -32602, message: 'Unknown tool: hide_1' });
    await ask(guarded, 'tools/call', { name: 'keep' });
    await ask(guarded, 'prompts/get', { name: 'hide_1' });
    assert.deepEqual(called, ['keep']);
  });

  it('asks at each message what is offered', async (t) => {
    const { peer } = await startServer(t, () => ODD);
    let filter: ToolFilter = { disabledTools: ['keep'] };
    const guarded = filtered(peer, () => filter);
    assert.deepEqual(namesIn(await ask(guarded, 'tools/list')), ['hide_1', undefined]);
    filter = ALL;
    assert.deepEqual(namesIn(await ask(guarded, 'tools/list')), ['keep', 'hide_1', undefined]);
    assert.equal((await ask(guarded, 'tools/call', { name: 'keep' })).error, undefined);
  });

  it('shows nothing of a list that is nested too deeply to be written', async (t) => {
    const deep = `{"tools":[{"name":"hide","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}, {"name":"keep","y":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`;
    const { peer } = await startServer(t, () => deep);
    const guarded = filtered(peer, () => ({ disabledTools: ['hide'] }));
    await assert.rejects(ask(guarded, 'tools/list'), { code: 'bad_upstream_answer' });
  });
});
