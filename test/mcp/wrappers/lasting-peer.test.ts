/** What becomes of a caller's requests while the sessions with their server come and go. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { LoginNeeded } from '../../../src/oauth/errors.ts';
import {
  errorMessage,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import { NotSentError } from '../../../src/upstream/wire.ts';
import { type Asked, ask } from '../../helpers/asked.ts';
import { LastingStory, type ScriptedSession } from './lasting-story.ts';

const CHANGED = 'notifications/tools/list_changed';

let story: LastingStory;

beforeEach(() => {
  story = new LastingStory();
});
afterEach(async () => {
  mock.timers.reset();
  // What a test has left open ends all the same.
  for (const { failed } of story.sessions) failed(new Error('the test is over'));
  await story.peer.close();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A session with the server that the caller has begun. */
async function begun(): Promise<ScriptedSession> {
  const first = ask(story.peer, 'init', 'initialize');
  story.last.opened();
  await first.result();
  return story.last;
}

async function refused(asked: Asked): Promise<void> {
  await assert.rejects(asked.answered(), NotSentError);
}

test('closing fails the initialize and all that wait for it, and ends what is being opened', async () => {
  const first = ask(story.peer, 1, 'initialize');
  const second = ask(story.peer, 2, 'tools/list');
  const closing = story.peer.close();
  await refused(first);
  await refused(second);
  assert.equal(story.last.stop.aborted, true);
  // A session that comes all the same is not kept.
  story.last.opened();
  await closing;
  assert.equal(story.last.closed, 1);
  await refused(ask(story.peer, 3, 'tools/list'));
  await refused(ask(story.peer, 4, 'initialize'));
  assert.equal(story.sessions.length, 1);
});

test('closing fails what waits for another session, and what is under way', async () => {
  const session = await begun();
  const underWay = ask(story.peer, 1, 'tools/call');
  story.peer.renew();
  const waiting = ask(story.peer, 2, 'tools/list');
  const closing = story.peer.close();
  await refused(waiting);
  await assert.rejects(underWay.answered(), { code: 'connection_lost' });
  story.last.failed(new Error('stopped'));
  await closing;
  assert.equal(session.closed, 1);
});

test('all that wait share one attempt, and are sent once it is there', async () => {
  const first = ask(story.peer, 1, 'initialize');
  const early = ask(story.peer, 2, 'tools/list');
  story.last.opened();
  await first.result();
  assert.deepEqual(
    story.last.asked.map(({ message }) => message.id),
    [2],
  );
  story.last.answer();
  await early.result();
  assert.equal(story.sessions.length, 1);
});

test('a second initialize is refused while the first is under way', async () => {
  const first = ask(story.peer, 1, 'initialize');
  assert.equal(await ask(story.peer, 2, 'initialize').code(), -32600);
  story.last.opened();
  await first.result();
  assert.equal(story.sessions.length, 1);
});

test('a session whose initialize was answered with an error is closed, and another initialize may come', async () => {
  const first = ask(story.peer, 1, 'initialize');
  story.last.opened(errorMessage(1, -32602, 'no'));
  assert.equal(await first.code(), -32602);
  await turn();
  assert.equal(story.last.closed, 1);
  await begun();
  assert.equal(story.last.closed, 0);
});

test('an initialize that takes the place of another leaves no session behind', async () => {
  const former = await begun();
  await begun();
  assert.deepEqual([former.closed, story.last.closed, story.sessions.length], [1, 0, 2]);
});

test('a cancelled initialize ends what it was opening', async () => {
  ask(story.peer, 1, 'initialize').cancel();
  assert.equal(story.last.stop.aborted, true);
  story.last.failed(new Error('stopped'));
  await turn();
  await begun();
  assert.equal(story.sessions.length, 2);
});

test('a request that is cancelled while it waits is never sent', async () => {
  await begun();
  story.peer.renew();
  const waiting = ask(story.peer, 1, 'tools/call');
  waiting.cancel();
  const other = ask(story.peer, 2, 'tools/list');
  story.last.opened();
  await turn();
  assert.deepEqual(
    story.last.asked.map(({ message }) => message.id),
    [2],
  );
  story.last.answer();
  await other.result();
});

test('what certainly reached nobody goes to a new session, and the one that did not take it is closed', async () => {
  const former = await begun();
  const asked = ask(story.peer, 1, 'tools/call');
  former.asked.shift()?.replies.onFailure(new NotSentError('connection', 'refused'));
  await turn();
  assert.equal(former.closed, 1);
  story.last.opened();
  await turn();
  former.events.onMessage(notificationMessage('notifications/message'));
  assert.equal(story.heard.count('notifications/message'), 0);
  story.last.asked.at(-1)?.replies.onAnswer(resultMessage(1, {}), 200);
  await asked.result();
});

test('a renewal while a session is opened leaves that, and opens another one for all that wait', async () => {
  const first = ask(story.peer, 1, 'initialize');
  const former = story.last;
  story.peer.renew();
  assert.equal(former.stop.aborted, true);
  former.opened();
  await turn();
  assert.equal(former.closed, 1);
  assert.equal(story.sessions.length, 2);
  assert.equal(first.isOver, false);
  story.last.opened();
  await first.result();
  assert.equal(story.last.closed, 0);
  // The caller has not seen anything that could have changed.
  assert.equal(story.heard.count(CHANGED), 0);
});

test('each session that is given up has its own time for what is under way', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const first = await begunNow();
  const one = ask(story.peer, 1, 'tools/call');
  story.peer.renew();
  mock.timers.tick(25_000);
  const other = ask(story.peer, 2, 'tools/call');
  const second = story.last;
  second.opened();
  await turn();
  story.peer.renew();
  mock.timers.tick(6_000);
  await turn();
  assert.deepEqual([first.closed, one.isOver, second.closed, other.isOver], [1, true, 0, false]);
  second.answer();
  await turn();
  // Its last request is over.
  assert.deepEqual([second.closed, other.isOver], [1, true]);
});

async function begunNow(): Promise<ScriptedSession> {
  const first = ask(story.peer, 'init', 'initialize');
  story.last.opened();
  await turn();
  assert.equal(first.isOver, true);
  return story.last;
}

test('a request under way in the newest session does not keep one that was given up', async () => {
  const former = await begun();
  const one = ask(story.peer, 1, 'tools/call');
  story.peer.renew();
  ask(story.peer, 2, 'tools/call');
  story.last.opened();
  await turn();
  former.answer();
  await one.result();
  await turn();
  assert.deepEqual([former.closed, story.last.closed], [1, 0]);
});

test('a renewal is told once, and so is a session that was lost', async () => {
  const former = await begun();
  story.peer.renew();
  assert.equal(story.heard.count(CHANGED), 1);
  ask(story.peer, 1, 'tools/list');
  story.last.opened();
  await turn();
  assert.equal(story.heard.count(CHANGED), 1);
  assert.deepEqual(
    story.last.sent.map(({ method }) => method),
    ['notifications/initialized'],
  );
  assert.equal(former.closed, 1);
  story.last.asked.splice(0);
  story.last.events.onClosed('gone');
  ask(story.peer, 2, 'tools/list');
  story.last.opened();
  await turn();
  assert.equal(story.heard.count(CHANGED), 2);
});

test('an answer goes to the session that asked, though it was given up since', async () => {
  const former = await begun();
  const underWay = ask(story.peer, 1, 'tools/call');
  former.asked[0]?.replies.onMessage(requestMessage('q', 'elicitation/create'));
  story.peer.renew();
  ask(story.peer, 2, 'tools/list');
  story.last.opened();
  await turn();
  const current = story.last;
  current.events.onMessage(requestMessage('own', 'roots/list'));
  const [answer, own] = [resultMessage('q', { action: 'accept' }), resultMessage('own', { roots: [] })];
  for (const message of [answer, own, resultMessage('nobody', {})]) story.peer.send(message);
  assert.deepEqual(former.sent, [answer]);
  assert.deepEqual(current.sent.slice(1), [own]);
  former.answer();
  await underWay.result();
});

test('a server that has just failed is spared for a moment, and one that lacks a login is not', async () => {
  await begun();
  story.last.events.onClosed('gone');
  const failure = new Error('down');
  const asked = ask(story.peer, 1, 'tools/list');
  story.last.failed(failure);
  await assert.rejects(asked.answered(), failure);
  await assert.rejects(ask(story.peer, 2, 'tools/list').answered(), failure);
  assert.equal(story.sessions.length, 2);
  story.peer.renew();
  const third = ask(story.peer, 3, 'tools/list');
  story.last.failed(
    new LoginNeeded('notes', { code: 'authorization_required', status: 401 }, () => ({ message: 'no' })),
  );
  await assert.rejects(third.answered());
  const fourth = ask(story.peer, 4, 'tools/list');
  assert.equal(story.sessions.length, 4);
  story.last.opened();
  await turn();
  story.last.answer();
  await fourth.result();
});
