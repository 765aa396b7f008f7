/** A session's messages find the stream that they belong to, whatever becomes of the client's connections. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Conversation } from '../../../src/mcp/session/conversation.ts';
import { MOST_UNREAD_BYTES } from '../../../src/mcp/session/message-stream.ts';
import {
  errorMessage,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import { answeringPeer, HeldOutlet, type Line, newLine } from './parts.ts';

const open: Conversation[] = [];
const SAID = notificationMessage('notifications/message', { level: 'info', data: 'x' });

afterEach(async () => {
  for (const conversation of open.splice(0)) await conversation.close();
});

function begin(line: Line = newLine()): Conversation {
  const conversation = new Conversation({ id: 'id', owner: 'ann', peer: answeringPeer(line) });
  open.push(conversation);
  return conversation;
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const textsOf = (outlet: HeldOutlet): string[] => outlet.events.map(({ text }) => text);

test('what belongs to no request goes to the stream for it, and waits where that is not open', () => {
  const line = newLine();
  const conversation = begin(line);
  line.events?.onMessage(SAID);
  const outlet = new HeldOutlet();
  conversation.listen(outlet);
  assert.deepEqual(textsOf(outlet), [SAID.text]);
  line.events?.onMessage(SAID);
  assert.equal(outlet.events.length, 2);
});

test('without that stream it goes to the request that was made last, since the client hears that', () => {
  const line = newLine();
  const conversation = begin(line);
  const [first, second] = [new HeldOutlet(), new HeldOutlet()];
  conversation.ask([requestMessage(1, 'never')], first, []);
  conversation.ask([requestMessage(2, 'never')], second, []);
  line.events?.onMessage(SAID);
  assert.deepEqual([textsOf(first), textsOf(second)], [[], [SAID.text]]);
});

test('a client that takes no events gets the answer alone, and no question', async () => {
  const line = newLine();
  const conversation = begin(line);
  const outlet = new HeldOutlet(false);
  conversation.ask([requestMessage(1, 'never')], outlet, []);
  line.asked[0]?.replies.onMessage(SAID);
  line.asked[0]?.replies.onAnswer(resultMessage(1, { a: 1 }), 200);
  assert.deepEqual([outlet.events, outlet.answers.map(({ id }) => id)], [[], [1]]);
});

test('an answer that takes long becomes a stream, which newer clients can resume before it has said anything', async () => {
  const line = newLine();
  const conversation = begin(line);
  conversation.ask([requestMessage(0, 'never/initialize')], new HeldOutlet(), []);
  const outlet = new HeldOutlet();
  conversation.ask([requestMessage(1, 'never')], outlet, []);
  conversation.tick(Date.now() + 1_000, false);
  assert.deepEqual(outlet.touches, []);
  conversation.tick(Date.now() + 6_000, false);
  assert.deepEqual(outlet.touches, [undefined]);
  line.asked[1]?.replies.onAnswer(resultMessage(1, {}), 200);
  assert.equal(outlet.events.length, 1);
  assert.equal(outlet.isEnded, true);
});

test('a client that has left hears the rest when it comes back, from the event that it had', () => {
  const line = newLine();
  const conversation = begin(line);
  const outlet = new HeldOutlet();
  conversation.ask([requestMessage(1, 'never')], outlet, []);
  line.asked[0]?.replies.onMessage(SAID);
  conversation.left(outlet);
  line.asked[0]?.replies.onMessage(SAID);
  line.asked[0]?.replies.onAnswer(resultMessage(1, {}), 200);
  assert.equal(outlet.events.length, 1);
  const back = new HeldOutlet();
  assert.equal(conversation.resume(outlet.events[0]?.id ?? '', back), true);
  assert.deepEqual(
    back.events.map(({ number }) => number),
    [2, 3],
  );
  assert.equal(back.isEnded, true);
  assert.equal(conversation.resume('99-1', new HeldOutlet()), false);
});

test('a client that does not read is cut off, and nothing more is written to it', () => {
  const line = newLine();
  const conversation = begin(line);
  const outlet = new HeldOutlet();
  conversation.listen(outlet);
  line.events?.onMessage(SAID);
  outlet.unread = MOST_UNREAD_BYTES + 1;
  line.events?.onMessage(SAID);
  line.events?.onMessage(SAID);
  assert.deepEqual([outlet.isCut, outlet.events.length], [true, 1]);
  const next = new HeldOutlet();
  conversation.listen(next);
  assert.equal(next.events.length, 2);
});

test('a cancelled request has no answer, and the notice goes on as it came', async () => {
  const line = newLine();
  const conversation = begin(line);
  const outlet = new HeldOutlet();
  conversation.ask([requestMessage(1, 'never')], outlet, []);
  const notice = notificationMessage('notifications/cancelled', { requestId: 1, reason: 'r', vendor: true });
  conversation.tell(notice);
  conversation.tell(notificationMessage('notifications/cancelled', { requestId: 'other' }));
  assert.deepEqual(line.sent, [notice]);
  assert.deepEqual([outlet.isEnded, outlet.events, outlet.answers], [true, [], []]);
});

test('an id that is in use is refused, and is free again after its answer', async () => {
  const conversation = begin();
  const [first, clash, later] = [new HeldOutlet(), new HeldOutlet(), new HeldOutlet()];
  conversation.ask([requestMessage(1, 'some')], first, []);
  conversation.ask([requestMessage(1, 'some')], clash, []);
  assert.equal(clash.answers[0]?.error?.code, -32600);
  await soon();
  conversation.ask([requestMessage(1, 'some')], later, []);
  await soon();
  assert.deepEqual(later.answers[0]?.result, {});
});

test('no more than a thousand requests are under way', () => {
  const line = newLine();
  const conversation = begin(line);
  for (let id = 0; id < 1_000; id += 1) conversation.ask([requestMessage(id, 'never')], new HeldOutlet(), []);
  const outlet = new HeldOutlet();
  conversation.ask([requestMessage('more', 'never')], outlet, []);
  assert.equal(outlet.answers[0]?.error?.code, -32600);
  assert.equal(line.asked.length, 1_000);
});

test('its end answers what is under way, as an error', async () => {
  const line = newLine();
  const conversation = begin(line);
  const [alone, quiet, batch, streamed] = [new HeldOutlet(), new HeldOutlet(false), new HeldOutlet(), new HeldOutlet()];
  conversation.ask([requestMessage(1, 'never')], alone, []);
  conversation.ask([requestMessage(2, 'never')], quiet, []);
  conversation.ask([requestMessage(3, 'never'), requestMessage(4, 'never')], batch, []);
  conversation.ask([requestMessage(5, 'never')], streamed, []);
  line.asked[4]?.replies.onMessage(SAID);
  await conversation.close();
  for (const { answers } of [alone, quiet]) {
    assert.deepEqual(
      answers.map(({ error }) => error?.code),
      [-32000],
    );
  }
  assert.deepEqual(
    textsOf(batch).map((text) => JSON.parse(text).error.code),
    [-32000, -32000],
  );
  assert.equal(JSON.parse(textsOf(streamed)[1] ?? '').error.code, -32000);
  assert.deepEqual([batch.isEnded, streamed.isEnded], [true, true]);
  assert.ok(line.asked.every(({ isCancelled }) => isCancelled));
  assert.equal(conversation.isInUse, false);
});

test('an initialize is refused from the first one on, until that has failed', async () => {
  const line = newLine();
  const conversation = begin(line);
  const initialize = (id: number): HeldOutlet => {
    const outlet = new HeldOutlet();
    conversation.ask([requestMessage(id, 'initialize')], outlet, []);
    return outlet;
  };
  const codeOf = ({ answers }: HeldOutlet): unknown => answers[0]?.error?.code;
  initialize(1);
  assert.equal(codeOf(initialize(2)), -32600);
  line.asked[0]?.replies.onAnswer(errorMessage(1, -32602, 'no'), 200);
  initialize(3);
  assert.equal(codeOf(initialize(4)), -32600);
  line.asked[1]?.replies.onFailure(new Error('down'));
  initialize(5);
  conversation.tell(notificationMessage('notifications/cancelled', { requestId: 5 }));
  initialize(6);
  await soon();
  assert.equal(codeOf(initialize(7)), -32600);
  assert.equal(line.asked.length, 4);
});

test('its end ends every stream and the session at the server', async () => {
  const line = newLine();
  const conversation = begin(line);
  const [standing, reply] = [new HeldOutlet(), new HeldOutlet()];
  conversation.listen(standing);
  conversation.ask([requestMessage(1, 'never')], reply, []);
  line.asked[0]?.replies.onMessage(SAID);
  await conversation.close();
  assert.deepEqual([standing.isEnded, reply.isEnded, line.isClosed], [true, true, true]);
});
