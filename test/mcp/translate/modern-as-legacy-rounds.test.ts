/** Questions of a server of 2026-07-28, put to an older client as requests of the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorMessage, type JsonObject, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { Behave } from '../../helpers/http-server.ts';
import { until } from '../../helpers/wait.ts';
import { ALL_CAPABILITIES, openBareSession, openSdkSession } from './modern-as-legacy-session.ts';

const ADA = { action: 'accept', content: { name: 'Ada' } };

/** Answers `tools/call` of `ask` with what `make` says of its params, and counts the rounds. */
function rounds(make: (params: JsonObject, round: number) => JsonObject | string): {
  readonly behave: Behave;
  readonly seen: JsonObject[];
  readonly ids: unknown[];
} {
  const seen: JsonObject[] = [];
  const ids: unknown[] = [];
  const behave: Behave = ({ name, message, reply }) => {
    if (name !== 'ask') return false;
    const { _meta: _, ...params } = message?.params ?? {};
    seen.push(params);
    ids.push(message?.id);
    const result = make(params, seen.length);
    const text = typeof result === 'string' ? result : JSON.stringify(result);
    reply(200, `{"jsonrpc":"2.0","id":${JSON.stringify(message?.id)},"result":${text}}`);
    return true;
  };
  return { behave, seen, ids };
}

const ASK = { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object' }, odd: 1 } };
const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] };

test('a question comes as a request of the call, and its answer goes back with the state', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  const question = await session.nth(asked, 0);
  assert.equal(question.kind, 'request');
  assert.equal(question.method, 'elicitation/create');
  assert.equal(question.params.message, 'Who are you?');
  session.answer(question, ADA);
  assert.deepEqual(JSON.parse(await asked.text()), {
    answer: { kind: 'elicit', action: 'accept', content: { name: 'Ada' } },
    state: 'asked',
  });
  assert.deepEqual(session.messages, []);
});

test('several questions at once, of every kind, and another round', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask-all');
  await session.nth(asked, 2);
  const model = { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' };
  const roots = { roots: [{ uri: 'file:///a' }] };
  const answers: Record<string, JsonObject> = {
    'elicitation/create': ADA,
    'sampling/createMessage': model,
    'roots/list': roots,
  };
  for (const question of [...asked.messages].reverse()) session.answer(question, answers[question.method] ?? {});
  session.answer(await session.nth(asked, 3), { action: 'cancel' });
  assert.deepEqual(JSON.parse(await asked.text()), { answers: { again: { action: 'cancel' } } });
  assert.equal(new Set(asked.messages.map(({ id }) => id)).size, 4);
});

test('a prompt may ask, too', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.ask('prompts/get', { name: 'ask' });
  session.answer(await session.nth(asked, 0), ADA);
  const { messages } = await asked.result();
  assert.match(JSON.stringify(messages), /Ada/);
});

test('an address to open gets the id that it must have', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask-url');
  const { params, ...question } = await session.nth(asked, 0);
  assert.equal(params.mode, 'url');
  assert.match(String(params.elicitationId), /^[0-9a-f-]{36}$/);
  session.peer.send(resultMessage(question.id ?? '', { action: 'accept' }));
  assert.deepEqual(JSON.parse(await asked.text()), { answers: { url: { action: 'accept' } } });
});

test('the call is repeated with a new id, the answers and the exact state', async (t) => {
  const server = rounds((_, round) =>
    round === 1
      ? `{"resultType":"input_required","requestState":"ä\\u0000=","inputRequests":{"__proto__":${JSON.stringify(ASK)}}}`
      : DONE,
  );
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask', { a: 1 }, { progressToken: 'p' });
  const question = await session.nth(asked, 0);
  assert.deepEqual(question.params, ASK.params);
  session.answer(question, ADA);
  assert.equal(await asked.text(), 'done');
  const [first, second] = server.seen;
  assert.deepEqual(first, { name: 'ask', arguments: { a: 1 } });
  assert.deepEqual(
    JSON.stringify(second),
    JSON.stringify({
      ...first,
      inputResponses: JSON.parse(`{"__proto__":${JSON.stringify(ADA)}}`),
      requestState: 'ä\u0000=',
    }),
  );
  assert.notEqual(server.ids[0], server.ids[1]);
});

test('a round without a question comes after a pause', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready();
  const asked = session.call('later');
  assert.equal(await asked.text(), 'now');
  assert.deepEqual(asked.messages, []);
});

const ROOTS = { method: 'roots/list' };

for (const [what, capabilities, known, entry] of [
  ['a form', { elicitation: { url: {} }, roots: {} }, ROOTS, ASK],
  ['a form of a client without any', { roots: {} }, ROOTS, ASK],
  [
    'an address',
    { elicitation: { form: {} } },
    ASK,
    { method: 'elicitation/create', params: { mode: 'url', url: 'x:' } },
  ],
  ['a model', { elicitation: {} }, ASK, { method: 'sampling/createMessage', params: {} }],
  [
    'a model with tools',
    { elicitation: {}, sampling: {} },
    ASK,
    { method: 'sampling/createMessage', params: { tools: [] } },
  ],
  ['roots', { elicitation: {}, sampling: {} }, ASK, ROOTS],
  ['what nobody knows', ALL_CAPABILITIES, ASK, { method: 'ping' }],
  ['nothing', ALL_CAPABILITIES, ASK, 7],
] as const) {
  test(`a client is never asked for what it has not declared: ${what}`, async (t) => {
    const server = rounds(() => ({ resultType: 'input_required', inputRequests: { known, entry } }));
    const { session } = await openBareSession(t, server);
    await session.ready({ capabilities });
    const asked = session.call('ask');
    const { error } = await asked.answered();
    assert.equal(error?.code, -32603);
    assert.match(String(error?.message), /^The server (?:needs|asks for) .+\.$/);
    assert.deepEqual(asked.messages, []);
    assert.equal(server.seen.length, 1);
  });
}

test('a plain elicitation capability means forms', async (t) => {
  const server = rounds((_, round) =>
    round === 1 ? { resultType: 'input_required', inputRequests: { q: ASK } } : DONE,
  );
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: { elicitation: {} } });
  const asked = session.call('ask');
  session.answer(await session.nth(asked, 0), ADA);
  assert.equal(await asked.text(), 'done');
});

test('a client that answers an error ends the call, and its other questions', async (t) => {
  const server = rounds(() => ({ resultType: 'input_required', inputRequests: { a: ASK, b: ASK } }));
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  const second = await session.nth(asked, 1);
  const [first] = asked.messages;
  session.peer.send(errorMessage(first?.id ?? '', -1, 'User rejected', { secret: true }));
  const { error } = await asked.answered();
  assert.equal(error?.code, -32603);
  assert.deepEqual(error?.data, { client_error: { code: -1, message: 'User rejected' } });
  assert.equal(asked.messages[2]?.method, 'notifications/cancelled');
  assert.equal(asked.messages[2]?.params.requestId, second.id);
  session.answer(second, ADA);
  assert.equal(await session.call('echo', { text: 'on' }).text(), 'on');
  assert.equal(server.seen.length, 1);
});

test('answers to nothing, twice, or to the question of another call change nothing', async (t) => {
  const { session } = await openSdkSession(t);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  session.peer.send(resultMessage('lk-999', ADA));
  const one = session.call('ask');
  const two = session.call('ask');
  const first = await session.nth(one, 0);
  const second = await session.nth(two, 0);
  session.answer(first, ADA);
  session.answer(first, { action: 'decline' });
  assert.match(await one.text(), /Ada/);
  session.answer(second, { action: 'cancel' });
  assert.match(await two.text(), /cancel/);
});

test('a server that asks for ever is given up after sixteen rounds', async (t) => {
  const server = rounds((_, round) => ({
    resultType: 'input_required',
    requestState: `${round}`,
    inputRequests: { q: ASK },
  }));
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  for (let round = 0; round < 16; round += 1) session.answer(await session.nth(asked, round), ADA);
  assert.match(String((await asked.answered()).error?.message), /after 16 rounds/);
  assert.equal(server.seen.length, 17);
});

for (const [what, result] of [
  ['wants input without saying which', { resultType: 'input_required' }],
  ['asks too much at once', { resultType: 'input_required', inputRequests: Array.from({ length: 101 }, () => ASK) }],
] as const) {
  test(`a server that ${what} is given up`, async (t) => {
    const inputRequests = 'inputRequests' in result ? { inputRequests: { ...result.inputRequests } } : {};
    const server = rounds(() => ({ resultType: 'input_required', ...inputRequests }));
    const { session } = await openBareSession(t, server);
    await session.ready({ capabilities: ALL_CAPABILITIES });
    const asked = session.call('ask');
    assert.equal((await asked.answered()).error?.code, -32603);
    assert.deepEqual(asked.messages, []);
  });
}

test('a call that is cancelled while its question is open is over', async (t) => {
  const server = rounds(() => ({ resultType: 'input_required', inputRequests: { q: ASK } }));
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  const question = await session.nth(asked, 0);
  asked.cancel();
  session.answer(question, ADA);
  assert.equal(await session.call('echo', { text: 'on' }).text(), 'on');
  assert.equal(server.seen.length, 1);
});

test('closing fails a call whose question is open', async (t) => {
  const server = rounds(() => ({ resultType: 'input_required', inputRequests: { q: ASK } }));
  const { session } = await openBareSession(t, server);
  await session.ready({ capabilities: ALL_CAPABILITIES });
  const asked = session.call('ask');
  await session.nth(asked, 0);
  await session.peer.close();
  await until(() => asked.isOver);
  await assert.rejects(asked.answered(), { code: 'connection_lost' });
});
