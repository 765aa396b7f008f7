/** All servers at `/mcp`, two of them with logins: each person has what they have connected, and the way to the rest. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startLivelyServer } from '../../helpers/lively-server.ts';
import { startProtectedServer } from '../../helpers/protected-server.ts';
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
  namesIn,
  OPENS_URLS,
  once,
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
    const [text, isError] = told(await ann.call('notes__whoami'));
    assert.equal(isError, true);
    assert.match(text, /^No account is connected at "notes"\. .+ call connect_notes with it\.$/);
    assert.equal(await bringCode(app, ann, linkIn(text)), 'Connected at "notes" for ann. Go on.');
    await ann.hears(LIST_CHANGED);
    assert.deepEqual(await ann.tools(), [...OPEN, ...NOTES, 'notes__count_words', 'connect_notes', 'connect_diary']);
    assert.equal(said(await ann.call('notes__whoami')), 'alice');
    assert.equal(told(await ann.call('diary__whoami'))[1], true);
    assert.equal(said(await ann.call('lively__echo', { text: 'hi' })), 'hi');
    assert.deepEqual(await ben.tools(), UNCONNECTED);
    assert.match(told(await ben.call('notes__whoami'))[0], /^No account is connected at "notes"\./);
    assert.deepEqual(ben.heard, []);
    assert.equal(notes.answered('whoami', 'alice').length, 1);
    assert.ok(diary.seen.every(({ hadToken }) => !hadToken));
  });

  it('asks by -32042 for the server that is meant', async (t) => {
    const { app } = await startHouse(t);
    const ann = await Client.open(t, app, { ...ALL, headers: as('ann'), capabilities: OPENS_URLS });
    const browser = await browserOf(app, 'ann');
    const questions = [elicitationIn(await ann.call('notes__whoami')), elicitationIn(await ann.call('diary__whoami'))];
    for (const [index, name] of ['notes', 'diary'].entries()) {
      const { url = '', elicitationId } = questions[index] ?? {};
      assert.match(url, new RegExp(`/oauth/${name}/authorize\\?ticket=`));
      ann.heard.length = 0;
      await consent(browser, url, { user: 'bob' });
      const [complete] = await ann.hears('notifications/elicitation/complete');
      assert.deepEqual(complete?.params, { elicitationId });
      await ann.hears(LIST_CHANGED);
      assert.equal(said(await ann.call(`${name}__whoami`)), 'bob');
    }
    ann.heard.length = 0;
    await browser.disconnect('notes');
    await ann.hears(LIST_CHANGED);
    const names = await ann.tools();
    assert.deepEqual(
      names.filter((name) => !OPEN.includes(String(name))),
      ['connect_notes', ...NOTES.map((name) => name.replace('notes__', 'diary__')), 'connect_diary'],
    );
    assert.match(String(elicitationIn(await ann.call('notes__whoami')).message), /^No account is connected at "notes"/);
    assert.equal(said(await ann.call('diary__whoami')), 'bob');
  });
});

describe('stateless requests to all servers', () => {
  it('see what the caller has connected, and ask in a round for the rest', async (t) => {
    const { app, notes } = await startHouse(t);
    const ask = (who: 'ann' | 'ben', method: string, params = {}) => once(app, as(who), method, params, ALL);
    assert.ok((await ask('ann', 'server/discover')).result);
    assert.deepEqual(namesIn(await ask('ann', 'tools/list')), UNCONNECTED);
    const call = { name: 'notes__whoami', arguments: {} };
    const { result } = (await ask('ann', 'tools/call', call)) as { result: Record<string, unknown> };
    assert.equal(result.resultType, 'input_required');
    const { login } = result.inputRequests as { login: { params: { url: string } } };
    await consent(await browserOf(app, 'ann'), login.params.url);
    const retry = { ...call, inputResponses: { login: { action: 'accept' } }, requestState: result.requestState };
    assert.deepEqual((await ask('ben', 'tools/call', retry)).error, {
      code: -32602,
      message: 'Invalid or expired requestState',
      data: { reason: 'invalid_request_state' },
    });
    assert.equal(said(await ask('ann', 'tools/call', retry)), 'alice');
    const names = namesIn(await ask('ann', 'tools/list'));
    assert.deepEqual(
      names.filter((name) => !OPEN.includes(String(name))),
      [...NOTES, 'notes__count_words', 'connect_notes', 'connect_diary'],
    );
    assert.deepEqual(namesIn(await ask('ben', 'tools/list')), UNCONNECTED);
    assert.equal(notes.answered('whoami').length, 1);
  });
});
