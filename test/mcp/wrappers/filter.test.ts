/** Tools that an entry does not offer: gone from lists, refused in calls, and nothing else is touched. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { filtered, type ToolFilter } from '../../../src/mcp/wrappers/filter.ts';
import { type Message, readMessage, requestMessage } from '../../../src/upstream/peer/message.ts';
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

  it('refuses a call whose name is no text, and sends nothing', async (t) => {
    const { peer, called } = await startServer(t, () => ODD);
    const guarded = filtered(peer, () => ({ disabledTools: ['hide_1'] }));
    for (const params of [{ name: { toString: 1 } }, { name: ['hide_1'] }, { name: null }, {}]) {
      assert.equal((await ask(guarded, 'tools/call', params)).error?.code, -32602);
    }
    assert.deepEqual(called, []);
  });

  it('sends each key once, so that no server takes another than the one that was checked', async () => {
    const texts: string[] = [];
    const server: Peer = {
      era: 'legacy',
      request: ({ text }) => {
        texts.push(text);
        return { cancel: (notice) => void texts.push(notice?.text ?? '') };
      },
      send: ({ text }) => void texts.push(text),
      close: async () => undefined,
    };
    const guarded = filtered(server, () => ({ disabledTools: ['hide_1'] }));
    const read = (text: string): Message => readMessage(text) as Message;
    const replies = { onMessage: () => undefined, onAnswer: () => undefined, onFailure: () => undefined };
    const params = '"params":{"name":"hide_1","name":"keep","arguments":{"n":12345678901234567890}}';
    guarded.request(read(`{"jsonrpc":"2.0","id":1,"method":"tools/call",${params}}`), replies);
    const ping = '{"jsonrpc":"2.0","id":2,"method":"tools/call","method":"ping","params":{"name":"hide_1"}}';
    const exchange = guarded.request(read(ping), replies);
    exchange.cancel(read('{"jsonrpc":"2.0","method":"tools/call","method":"notifications/cancelled"}'));
    guarded.send(read('{"jsonrpc":"2.0","method":"tools/call","method":"vendor/x"}'));
    assert.deepEqual(texts, [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"keep","arguments":{"n":12345678901234567890}}}',
      '{"jsonrpc":"2.0","id":2,"method":"ping","params":{"name":"hide_1"}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
      '{"jsonrpc":"2.0","method":"vendor/x"}',
    ]);
  });

  it('refuses what is nested too deeply to be sent anew', async (t) => {
    const { peer, called } = await startServer(t, () => ODD);
    const guarded = filtered(peer, () => ({ disabledTools: ['hide_1'] }));
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"keep","arguments":{"deep":${deep}}}}`;
    const answer = await new Promise<Message>((onAnswer, onFailure) => {
      guarded.request(readMessage(text) as Message, { onMessage: () => undefined, onAnswer, onFailure });
    });
    assert.equal(answer.error?.code, -32602);
    assert.deepEqual(called, []);
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

  it('shows nothing of a list that is nested too deeply to be written', async () => {
    const deep = `{"tools":[{"name":"hide","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}, {"name":"keep","y":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`;
    const answer = readMessage(`{"jsonrpc":"2.0","id":1,"result":${deep}}`) as Message;
    const server: Peer = {
      era: 'legacy',
      request: (_message, replies) => {
        queueMicrotask(() => replies.onAnswer(answer, 200));
        return { cancel: () => undefined };
      },
      send: () => undefined,
      close: async () => undefined,
    };
    const guarded = filtered(server, () => ({ disabledTools: ['hide'] }));
    await assert.rejects(ask(guarded, 'tools/list'), { code: 'bad_upstream_answer' });
  });
});
