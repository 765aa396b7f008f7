/** Callers of a shared session who send what a server could take for another's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import { type Message, notificationMessage, readMessage, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer, PeerEvents, Replies } from '../../../src/upstream/peer/peer.ts';
import { LATEST_LEGACY } from '../../../src/upstream/protocol.ts';
import { Asked, ask, Heard } from '../../helpers/asked.ts';

/** A server that keeps each text that it gets, and answers nothing but `initialize`. */
class Listener implements Peer {
  readonly era = 'legacy';
  readonly requests: { readonly message: Message; readonly replies: Replies }[] = [];
  readonly sent: string[] = [];
  events: PeerEvents = new Heard();

  request(message: Message, replies: Replies): { cancel(): void } {
    const { id = 0, method } = message;
    if (method === 'initialize') {
      const result = { protocolVersion: LATEST_LEGACY, capabilities: {}, serverInfo: { name: 'l', version: '1' } };
      queueMicrotask(() => replies.onAnswer(resultMessage(id, result), 200));
    } else {
      this.requests.push({ message, replies });
    }
    return { cancel: () => undefined };
  }

  send(message: Message): void {
    this.sent.push(message.text);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function start(): Promise<{ readonly server: Listener; readonly shared: SharedPeer }> {
  const server = new Listener();
  const params = { protocolVersion: LATEST_LEGACY, capabilities: { elicitation: {} }, clientInfo: {} };
  const shared = new SharedPeer((events) => Object.assign(server, { events }), params);
  await shared.opened();
  return { server, shared };
}

function read(text: string): Message {
  const message = readMessage(text);
  assert.ok(message !== undefined, text);
  return message;
}

test('an answer goes on with the one id that was checked', async () => {
  const { server, shared } = await start();
  const peer = shared.caller(new Heard());
  const asked = ask(peer, 1, 'tools/call', { name: 'x' });
  server.requests[0]?.replies.onMessage(read('{"jsonrpc":"2.0","id":"mine","method":"elicitation/create"}'));
  peer.send(read('{"jsonrpc":"2.0","id":"of another","id":"mine","result":{"big":12345678901234567890}}'));
  assert.equal(server.sent.at(-1), '{"jsonrpc":"2.0","id":"mine","result":{"big":12345678901234567890}}');
  asked.cancel();
  await shared.close();
});

test('a notification goes on with the one method that was checked', async () => {
  const { server, shared } = await start();
  const peer = shared.caller(new Heard());
  peer.send(read('{"jsonrpc":"2.0","method":"notifications/cancelled","method":"vendor/x","params":{"requestId":1}}'));
  assert.equal(server.sent.at(-1), '{"jsonrpc":"2.0","method":"vendor/x","params":{"requestId":1}}');
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const sent = server.sent.length;
  peer.send(read(`{"jsonrpc":"2.0","method":"vendor/x","params":{"deep":${deep}}}`));
  assert.equal(server.sent.length, sent, 'what cannot be written again is dropped');
  await shared.close();
});

test('a request that is named like a notification reaches no server', async () => {
  const { server, shared } = await start();
  const peer = shared.caller(new Heard());
  assert.equal(await ask(peer, 1, 'notifications/cancelled', { requestId: 5 }).code(), -32601);
  assert.deepEqual(server.requests, []);
  await shared.close();
});

test('an address that is no text is refused', async () => {
  const { server, shared } = await start();
  const peer = shared.caller(new Heard());
  for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
    assert.equal(await ask(peer, 1, method, { uri: { toString: 1 } }).code(), -32602, method);
  }
  assert.deepEqual(server.requests, []);
  await shared.close();
});

test('ids on the wire rise by steps that nobody can foresee, and fit into 32 bits', async () => {
  const firsts = new Set<number>();
  for (let session = 0; session < 4; session += 1) {
    const { server, shared } = await start();
    const peer = shared.caller(new Heard());
    const asked = Array.from({ length: 50 }, (_, id) => new Asked(peer, ping(id)));
    const ids = server.requests.map(({ message }) => message.id as number);
    const steps = new Set(ids.slice(1).map((id, index) => id - (ids[index] ?? 0)));
    assert.ok([...steps].every((step) => step > 0) && steps.size > 10, [...steps].join());
    assert.ok((ids.at(-1) ?? 0) < 2 ** 31);
    firsts.add(ids[0] ?? 0);
    for (const one of asked) one.cancel();
    await shared.close();
  }
  assert.equal(firsts.size, 4);
});

function ping(id: number): Message {
  return read(`{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`);
}

test('what a caller says of the session itself stays with us', async () => {
  const { server, shared } = await start();
  const peer = shared.caller(new Heard());
  const sent = server.sent.length;
  peer.send(notificationMessage('notifications/initialized'));
  peer.send(notificationMessage('notifications/cancelled', { requestId: 1 }));
  assert.equal(server.sent.length, sent);
  await shared.close();
});
