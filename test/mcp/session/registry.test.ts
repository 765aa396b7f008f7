/** Sessions are their owner's alone, end when idle, and are never too many. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import type { Conversation } from '../../../src/mcp/session/conversation.ts';
import { type SessionLimits, type SessionOwner, SessionRegistry } from '../../../src/mcp/session/registry.ts';
import { requestMessage } from '../../../src/upstream/peer/message.ts';
import { ACCEPTED, answeringPeer, HeldOutlet } from './parts.ts';

const ANN: SessionOwner = { endpoint: 's', key: 'basic:ann', isOnePerson: true };
const BEN: SessionOwner = { endpoint: 's', key: 'basic:ben', isOnePerson: true };
const MANY: SessionOwner = { endpoint: 's', key: 'api-key:', isOnePerson: false };

const open: SessionRegistry[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

function registry(limits: Partial<SessionLimits> = {}): SessionRegistry {
  const made = new SessionRegistry(limits);
  open.push(made);
  return made;
}

const refused = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test('a session is found by its owner at its endpoint, and by nobody else', () => {
  const sessions = registry();
  const session = sessions.open(ANN, answeringPeer());
  assert.equal(sessions.find(session.id, ANN), session);
  assert.throws(() => sessions.find(session.id, BEN), refused('session_unknown'));
  assert.throws(() => sessions.find(session.id, { ...ANN, endpoint: 'other' }), refused('session_unknown'));
  assert.throws(() => sessions.find('', ANN), refused('session_unknown'));
});

test('a session that is idle for too long ends; one that is used or heard does not', async () => {
  const sessions = registry({ idleMs: 1_000 });
  const idle = sessions.open(ANN, answeringPeer());
  const heard = sessions.open(ANN, answeringPeer());
  heard.listen(new HeldOutlet());
  const busy = sessions.open(ANN, answeringPeer());
  busy.ask([requestMessage(1, 'never')], new HeldOutlet(), []);
  sessions.tick(Date.now() + 2_000);
  assert.throws(() => sessions.find(idle.id, ANN), refused('session_unknown'));
  assert.equal(sessions.find(heard.id, ANN), heard);
  assert.equal(sessions.find(busy.id, ANN), busy);
  assert.equal(idle.isClosed, true);
});

test('who has too many loses the one that was idle longest, and never costs others theirs', () => {
  const sessions = registry({ mostPerPerson: 2 });
  const bens = sessions.open(BEN, answeringPeer());
  const first = sessions.open(ANN, answeringPeer());
  const second = sessions.open(ANN, answeringPeer());
  sessions.open(ANN, answeringPeer());
  assert.equal(first.isClosed, true);
  assert.equal(second.isClosed, false);
  assert.equal(bens.isClosed, false);
});

test('where all of a person are in use, another one is refused', () => {
  const sessions = registry({ mostPerPerson: 2 });
  inUse(sessions.open(ANN, answeringPeer()));
  inUse(sessions.open(ANN, answeringPeer()));
  assert.throws(() => sessions.open(ANN, answeringPeer()), refused('server_unavailable'));
  assert.equal(sessions.open(BEN, answeringPeer()).isClosed, false);
});

test('a house that is full gives up an idle session, and refuses where there is none', () => {
  const sessions = registry({ most: 2 });
  const idle = sessions.open(MANY, answeringPeer());
  inUse(sessions.open(ANN, answeringPeer()));
  inUse(sessions.open(BEN, answeringPeer()));
  assert.equal(idle.isClosed, true);
  assert.throws(() => sessions.open(ANN, answeringPeer()), refused('server_unavailable'));
});

test('what something else bounds is never too much, takes no room from others, and is not given up for them', () => {
  const sessions = registry({ most: 2, mostPerPerson: 1 });
  const setup = { isBounded: false };
  const elsewhere = [ANN, ANN, MANY].map((owner) => sessions.open(owner, answeringPeer(), setup));
  inUse(sessions.open(ANN, answeringPeer()));
  inUse(sessions.open(MANY, answeringPeer()));
  assert.throws(() => sessions.open(ANN, answeringPeer()), refused('server_unavailable'));
  assert.throws(() => sessions.open(MANY, answeringPeer()), refused('server_unavailable'));
  assert.equal(sessions.giveUpIdle(), false);
  assert.ok(elsewhere.every(({ isClosed }) => !isClosed));
});

test('a session that keeps a process can be given up for another one of the same caller', () => {
  const sessions = registry();
  const plain = sessions.open(ANN, answeringPeer());
  const keeping = sessions.open(ANN, answeringPeer(), { children: { count: 1 } });
  const bens = sessions.open(BEN, answeringPeer(), { children: { count: 1 } });
  assert.equal(
    sessions.giveUpIdle(ANN.key, ({ children }) => children.count > 0),
    true,
  );
  assert.deepEqual([plain.isClosed, keeping.isClosed, bens.isClosed], [false, true, false]);
  assert.equal(
    sessions.giveUpIdle(ANN.key, ({ children }) => children.count > 0),
    false,
  );
});

test('ids have 256 bits', () => {
  const sessions = registry();
  const ids = Array.from({ length: 50 }, () => sessions.open(MANY, answeringPeer()).id);
  assert.equal(new Set(ids).size, 50);
  for (const id of ids) assert.match(id, ACCEPTED);
});

function inUse(conversation: Conversation): void {
  conversation.listen(new HeldOutlet());
}
