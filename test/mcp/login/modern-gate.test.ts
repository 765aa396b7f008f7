/** Requests of 2026-07-28 in front of a server with logins: each for itself, and a question as a round of its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { API_KEY_HOLDER, openWebuiPrincipal } from '../../../src/identity/principal.ts';
import { LoginNeeded } from '../../../src/oauth/errors.ts';
import type { JsonObject, Message } from '../../../src/upstream/peer/message.ts';
import { CLIENT_INFO } from '../../../src/upstream/protocol.ts';
import { until } from '../../helpers/wait.ts';
import { type CallerSetup, type GatedCaller, Gates, linkOf, told } from './gate-story.ts';
import { startModernStory } from './modern-notes.ts';

const META = 'io.modelcontextprotocol';
const MODERN: Partial<CallerSetup> = { era: 'modern' };
const BEN: Partial<CallerSetup> = { era: 'modern', principal: openWebuiPrincipal('ben-0002', 'Ben') };

/** The envelope of a client that opens addresses, or of one that does not. */
function envelope(opens = true): JsonObject {
  return {
    _meta: {
      [`${META}/protocolVersion`]: '2026-07-28',
      [`${META}/clientInfo`]: { name: 't', version: '1' },
      [`${META}/clientCapabilities`]: opens ? { elicitation: { url: {} } } : { elicitation: { form: {} } },
    },
  };
}

interface Question {
  readonly url: string;
  readonly requestState: string;
}

function questionIn({ result, text }: Message): Question {
  assert.equal(result?.resultType, 'input_required', text);
  const { login } = result.inputRequests as { readonly login: { method: string; params: Record<string, string> } };
  assert.equal(login.method, 'elicitation/create');
  assert.deepEqual(Object.keys(login.params).sort(), ['message', 'mode', 'url']);
  assert.equal(login.params.mode, 'url');
  return { url: linkOf(String(login.params.url)), requestState: String(result.requestState) };
}

function whoami(caller: GatedCaller, more: JsonObject = {}): Promise<Message> {
  return caller.call('whoami', { n: 1 }, { ...envelope(), ...more });
}

const ACCEPTED = { inputResponses: { login: { action: 'accept' } } };

describe('LoginGate, 2026-07-28', () => {
  it('discovers and lists without a connection', async (t) => {
    const { app, seen } = await startModernStory(t);
    const ann = new Gates(app).open(t, MODERN);
    const { result } = await ann.ask('server/discover', envelope());
    const { supportedVersions, capabilities: _, ...rest } = result ?? {};
    assert.deepEqual([supportedVersions].flat().slice(0, 2), ['2026-07-28', '2025-11-25']);
    const serverInfo = { name: 'notes', version: CLIENT_INFO.version };
    const unkept = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    assert.deepEqual(rest, { _meta: { [`${META}/serverInfo`]: serverInfo }, ...unkept });
    const { tools, ...more } = await ann.list(envelope());
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['connect_notes'],
    );
    assert.deepEqual(more, unkept);
    assert.deepEqual((await ann.ask('prompts/list', envelope())).result?.prompts, []);
    assert.deepEqual(seen, []);
  });

  it('asks in a round, again while there is no login, and tries the very request again', async (t) => {
    const { app, seen } = await startModernStory(t);
    const gates = new Gates(app);
    const first = questionIn(await whoami(gates.open(t, MODERN)));
    const { requestState } = first;
    const second = questionIn(await whoami(gates.open(t, MODERN), { ...ACCEPTED, requestState }));
    assert.equal(second.url, first.url);
    await gates.open(t, MODERN).connect(first.url);
    const answer = await whoami(gates.open(t, MODERN), { ...ACCEPTED, requestState: second.requestState });
    assert.deepEqual(told(answer), ['you', false]);
    const [call] = seen.filter((line) => line.startsWith('tools/call'));
    assert.equal(call, 'tools/call [{"name":"whoami","arguments":{"n":1}},null,null]');
    const { tools, cacheScope } = (await gates.open(t, MODERN).list(envelope())) as JsonObject & {
      tools: JsonObject[];
    };
    assert.deepEqual([tools.map(({ name }) => name), cacheScope], [['whoami', 'connect_notes'], 'private']);
  });

  it('asks no more when the user does not want to', async (t) => {
    const { app } = await startModernStory(t);
    const gates = new Gates(app);
    const { requestState } = questionIn(await whoami(gates.open(t, MODERN)));
    for (const action of ['decline', 'cancel']) {
      const answer = await whoami(gates.open(t, MODERN), { inputResponses: { login: { action } }, requestState });
      assert.match(told(answer)[0], /^No account is connected/);
      assert.equal(answer.result?.isError, true);
    }
  });

  it('takes a state from nobody else, and for nothing else', async (t) => {
    const { app, seen } = await startModernStory(t);
    const gates = new Gates(app);
    const { requestState, url } = questionIn(await whoami(gates.open(t, MODERN)));
    await gates.open(t, MODERN).connect(url);
    const ann = gates.open(t, MODERN);
    const more = { ...envelope(), ...ACCEPTED, requestState };
    const wrong: Promise<Message>[] = [
      gates.open(t, BEN).call('whoami', { n: 1 }, more),
      ann.call('whoami', { n: 2 }, more),
      ann.ask('prompts/get', { name: 'whoami', arguments: { n: 1 }, ...more }),
      ann.call('whoami', { n: 1 }, { ...more, requestState: `${requestState.slice(0, -3)}AAA` }),
      ann.call('whoami', { n: 1 }, { ...more, requestState: 'latchkey-login.' }),
      ann.call('whoami', { n: 1 }, { ...more, requestState: 'latchkey-login.zzzzzzzz.AAAA' }),
    ];
    for (const answer of await Promise.all(wrong)) {
      assert.deepEqual(answer.error, {
        code: -32602,
        message: 'Invalid or expired requestState',
        data: { reason: 'invalid_request_state' },
      });
    }
    const calls = seen.filter((line) => line.startsWith('tools/call'));
    assert.deepEqual(calls, []);
  });

  it('speaks in sentences where no question can be asked', async (t) => {
    const { app } = await startModernStory(t);
    const ann = new Gates(app).open(t, MODERN);
    const answer = await ann.call('whoami', {}, envelope(false));
    assert.deepEqual([answer.result?.isError, answer.result?.resultType], [true, 'complete']);
    linkOf(told(answer)[0]);
    const { error } = await ann.ask('completion/complete', envelope());
    assert.equal(error?.code, -32603);
    assert.equal((error.data as { error: string }).error, 'authorization_required');
    const nobody = new Gates(app).open(t, { ...MODERN, principal: API_KEY_HOLDER });
    assert.match(told(await whoami(nobody))[0], /does not say whose/);
  });

  it('makes way for a tool of the server that has our name, for every caller that comes later', async (t) => {
    const names = ['whoami'];
    const { app, seen } = await startModernStory(t, names);
    const gates = new Gates(app);
    const [text] = told(await gates.open(t, MODERN).call('connect_notes', {}, envelope()));
    await gates.open(t, MODERN).connect(text);
    names.push('connect_notes');
    const all = ['whoami', 'connect_notes', 'latchkey_connect_notes'];
    assert.deepEqual(await gates.open(t, MODERN).tools(envelope()), all);
    assert.deepEqual(told(await gates.open(t, MODERN).call('connect_notes', {}, envelope())), ['you', false]);
    assert.equal(seen.filter((line) => line.startsWith('tools/call')).length, 1);
    assert.match(told(await gates.open(t, MODERN).call('latchkey_connect_notes'))[0], /^Connected at/);
  });

  it('holds a subscription until the login, and then passes it on', async (t) => {
    const { app, announce } = await startModernStory(t);
    const gates = new Gates(app);
    const ann = gates.open(t, MODERN);
    const heard: Message[] = [];
    const params = { ...envelope(), notifications: { toolsListChanged: true, promptsListChanged: false } };
    const exchange = ann.send('subscriptions/listen', params, () => assert.fail('answered'), heard);
    await until(() => heard.length === 1);
    const tag = { [`${META}/subscriptionId`]: 1 };
    const notifications = { toolsListChanged: true, promptsListChanged: false };
    assert.equal(heard[0]?.method, 'notifications/subscriptions/acknowledged');
    assert.deepEqual(heard[0].params, { _meta: tag, notifications });
    await ann.connect(told(await ann.call('connect_notes'))[0]);
    assert.deepEqual(
      heard.slice(1).map(({ method, params: { _meta } }) => [method, _meta]),
      [['notifications/tools/list_changed', tag]],
    );
    await until(() => {
      announce();
      return heard.length > 2;
    });
    assert.ok(heard.slice(1).every(({ method }) => method === 'notifications/tools/list_changed'));
    exchange.cancel();
  });

  it('holds sixteen subscriptions at most, and ends them when it is closed', async (t) => {
    const { app } = await startModernStory(t);
    const ann = new Gates(app).open(t, MODERN);
    const failures: unknown[] = [];
    const heard: Message[] = [];
    const params = { ...envelope(), notifications: { toolsListChanged: true } };
    const fail = (_answer: unknown, error: unknown): void => void failures.push(error);
    const exchanges = Array.from({ length: 18 }, () => ann.send('subscriptions/listen', params, fail, heard));
    await until(() => heard.length === 16 && failures.length === 2);
    assert.ok(failures.every((error) => error instanceof LoginNeeded));
    exchanges[0]?.cancel();
    ann.send('subscriptions/listen', params, fail, heard);
    await until(() => heard.length === 17);
    await ann.gate.close();
    assert.equal(failures.length, 18);
    ann.gate.connected();
    assert.equal(heard.length, 17);
  });
});
