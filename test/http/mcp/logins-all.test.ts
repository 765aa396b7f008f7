/** All servers at `/mcp`, two of them with logins: each person has what they have connected, and the way to the rest. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startLivelyServer } from '../../helpers/lively-server.ts';
import { startProtectedServer } from '../../helpers/protected-server.ts';
import { until } from '../../helpers/wait.ts';
import { consent, linkIn } from '../hand-off-story.ts';
import { accounts, protectedEntry, type Story, startProvider } from '../login-story.ts';
import { startFor } from '../start-for.ts';
import {
  as,
  bringCode,
  browserOf,
  Client,
  elicitationIn,
  LIST_CHANGED,
  listen,
  namesIn,
  OPENS_URLS,
  once,
  roundIn,
  said,
  told,
} from './logins-story.ts';

const OPEN = ['echo', 'ask', 'report', 'wait'].map((name) => `lively__${name}`);
const NOTES = ['whoami', 'add_note', 'list_notes', 'delete_all'].map((name) => `notes__${name}`);
const UNCONNECTED = [...OPEN, 'connect_notes', 'connect_diary'];
const ALL = { path: '/mcp' };

/** `notes` and `diary` want a login of each person, `lively` wants none. */
async function startHouse(t: TestContext): Promise<Story & { readonly diary: Story['notes'] }> {
  const provided = await startProvider(t);
  const diary = await startProtectedServer({ authorization: provided.as });
  t.after(() => diary.close());
  const lively = await startLivelyServer();
  t.after(() => lively.close());
  const mcpServers = {
    lively: { type: 'streamable-http', url: lively.url.href },
    notes: protectedEntry(provided.notes),
    diary: protectedEntry(diary),
  };
  const app = await startFor(t, { mcpServers, keys: accounts('ann', 'ben') });
  return { ...provided, diary, app };
}

describe('a session with all servers', () => {
  it('has what the person has connected, and the way to connect the rest', async (t) => {
    const { app, notes, diary } = await startHouse(t);
    const ann = await Client.open(t, app, { ...ALL, headers: as('ann') });
    const ben = await Client.open(t, app, { ...ALL, headers: as('ben') });
    for (const one of [ann, ben]) assert.deepEqual(await one.tools(), UNCONNECTED);
    assert.deepEqual((await ann.ask('prompts/list')).result, { prompts: [] });
    const text = said(await ann.call('connect_notes'));
    assert.match(text, /^No account is connected at "notes"\. .+ call connect_notes with it\.$/);
    assert.equal(await bringCode(app, ann, linkIn(text)), 'Connected at "notes" for ann. Go on.');
    await ann.hears(LIST_CHANGED);
    assert.deepEqual(await ann.tools(), [...OPEN, ...NOTES, 'notes__count_words', 'connect_notes', 'connect_diary']);
    assert.equal(said(await ann.call('notes__whoami')), 'alice');
    assert.equal(said(await ann.call('lively__echo', { text: 'hi' })), 'hi');
    assert.deepEqual(await ben.tools(), UNCONNECTED);
    assert.deepEqual(ben.heard, []);
    assert.equal(notes.answered('whoami', 'alice').length, 1);
    assert.ok(diary.seen.every(({ hadToken }) => !hadToken));
  });

  it('asks by -32042 for the server whose login has ended, and goes on with the other', async (t) => {
    const { app } = await startHouse(t);
    const browser = await browserOf(app, 'ann');
    for (const server of ['notes', 'diary']) await browser.connect({ user: 'bob' }, server);
    const ann = await Client.open(t, app, { ...ALL, headers: as('ann'), capabilities: OPENS_URLS });
    assert.ok((await ann.tools()).includes('notes__whoami'));
    assert.deepEqual(ann.heard, []);
    await browser.disconnect('notes');
    await ann.hears(LIST_CHANGED);
    const { url = '', elicitationId, message } = elicitationIn(await ann.call('notes__whoami'));
    assert.match(url, /\/oauth\/notes\/authorize\?ticket=/);
    assert.match(String(message), /^No account is connected at "notes"\./);
    const names = await ann.tools();
    const ofDiary = NOTES.map((name) => name.replace('notes__', 'diary__'));
    assert.deepEqual(names, [...OPEN, 'connect_notes', ...ofDiary, 'connect_diary']);
    assert.equal(said(await ann.call('diary__whoami')), 'bob');
    ann.heard.length = 0;
    await consent(browser, url, { user: 'alice' });
    const [complete] = await ann.hears('notifications/elicitation/complete');
    assert.deepEqual(complete?.params, { elicitationId });
    await ann.hears(LIST_CHANGED);
    assert.equal(said(await ann.call('notes__whoami')), 'alice');
    assert.equal(said(await ann.call('diary__whoami')), 'bob');
  });
});

describe('a tool of a server that the caller has not connected', () => {
  const call = { name: 'notes__whoami', arguments: {} };

  it('is answered with the way to connect it, in a session that has listed nothing', async (t) => {
    const { app, notes } = await startHouse(t);
    const ann = await Client.open(t, app, { ...ALL, headers: as('ann'), capabilities: OPENS_URLS });
    const { url = '', message } = elicitationIn(await ann.call(call.name));
    assert.match(String(message), /^No account is connected at "notes"\./);
    const ben = await Client.open(t, app, { ...ALL, headers: as('ben') });
    const [text, isError] = told(await ben.call(call.name));
    assert.match(text, /^No account is connected at "notes"\./);
    assert.equal(isError, true);
    assert.deepEqual(notes.answered('whoami'), []);
    await consent(await browserOf(app, 'ann'), url);
    assert.equal(said(await ann.call(call.name)), 'alice');
  });

  it('is asked for in a round, whatever has been listed before', async (t) => {
    const { app } = await startHouse(t);
    const ask = (method: string, params = {}) => once(app, as('ann'), method, params, ALL);
    const { url, requestState } = roundIn(await ask('tools/call', call));
    assert.deepEqual(namesIn(await ask('tools/list')), UNCONNECTED);
    assert.notEqual(roundIn(await ask('tools/call', call)).requestState, '');
    await consent(await browserOf(app, 'ann'), url);
    const retry = { ...call, inputResponses: { login: { action: 'accept' } }, requestState };
    assert.equal(said(await ask('tools/call', retry)), 'alice');
  });

  it('has prompts and completions beside it that are answered so, too', async (t) => {
    const { app } = await startHouse(t);
    const get = { name: 'notes__greeting' };
    assert.match(roundIn(await once(app, as('ann'), 'prompts/get', get, ALL)).url, /\/oauth\/notes\/authorize/);
    const ann = await Client.open(t, app, { ...ALL, headers: as('ann'), capabilities: OPENS_URLS });
    assert.match(elicitationIn(await ann.ask('prompts/get', get)).url ?? '', /\/oauth\/notes\/authorize/);
    const ref = { type: 'ref/prompt', ...get };
    const completed = await ann.ask('completion/complete', { ref, argument: { name: 'x', value: '' } });
    assert.match(elicitationIn(completed).url ?? '', /\/oauth\/notes\/authorize/);
  });

  it('is unknown once it is connected and not there, and so is what no such server could have', async (t) => {
    const { app } = await startHouse(t);
    const ask = (method: string, name: string) => once(app, as('ann'), method, { name, arguments: {} }, ALL);
    const unknown = async (method: string, name: string): Promise<void> => {
      const { error } = await ask(method, name);
      const what = method === 'tools/call' ? 'tool' : 'prompt';
      assert.deepEqual(error, { code: -32602, message: `Unknown ${what}: ${name}` });
    };
    const never = ['whoami', 'notes__', 'notes_whoami', 'lively__whoami', 'nobody__whoami', 'notes__x_0123456789ab'];
    for (const name of never) for (const method of ['tools/call', 'prompts/get']) await unknown(method, name);
    await (await browserOf(app, 'ann')).connect();
    namesIn(await once(app, as('ann'), 'tools/list', {}, ALL));
    for (const method of ['tools/call', 'prompts/get']) await unknown(method, 'notes__nothing');
  });
});

describe('stateless requests to all servers', () => {
  it('see what the caller has connected, and ask in a round where a login has ended', async (t) => {
    const { app, notes } = await startHouse(t);
    const browser = await browserOf(app, 'ann');
    const ask = (who: 'ann' | 'ben', method: string, params = {}) => once(app, as(who), method, params, ALL);
    assert.ok((await ask('ann', 'server/discover')).result);
    assert.deepEqual(namesIn(await ask('ann', 'tools/list')), UNCONNECTED);
    await browser.connect();
    const connected = [...OPEN, ...NOTES, 'notes__count_words', 'connect_notes', 'connect_diary'];
    assert.deepEqual(namesIn(await ask('ann', 'tools/list')), connected);
    assert.deepEqual(namesIn(await ask('ben', 'tools/list')), UNCONNECTED);
    await browser.disconnect();
    const call = { name: 'notes__whoami', arguments: {} };
    const { url, requestState } = roundIn(await ask('ann', 'tools/call', call));
    await consent(browser, url);
    const retry = { ...call, inputResponses: { login: { action: 'accept' } }, requestState };
    assert.equal((await ask('ben', 'tools/call', retry)).result, undefined, 'it is not his');
    assert.equal(said(await ask('ann', 'tools/call', retry)), 'alice');
    assert.equal(notes.answered('whoami').length, 1);
  });

  it('that listen hear of a login', async (t) => {
    const { app } = await startHouse(t);
    const [anns, bens] = [listen(app, as('ann'), '/mcp'), listen(app, as('ben'), '/mcp')];
    for (const heard of [anns, bens]) await until(() => heard.length === 1);
    const browser = await browserOf(app, 'ann');
    await browser.connect();
    await until(() => anns.some(({ method }) => method === LIST_CHANGED));
    assert.ok(namesIn(await once(app, as('ann'), 'tools/list', {}, ALL)).includes('notes__whoami'));
    anns.length = 0;
    await browser.disconnect();
    await until(() => anns.some(({ method }) => method === LIST_CHANGED));
    assert.deepEqual(namesIn(await once(app, as('ann'), 'tools/list', {}, ALL)), UNCONNECTED);
    assert.equal(bens.length, 1);
  });
});
