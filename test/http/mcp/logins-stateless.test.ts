/** Stateless requests (2026-07-28) to a server where each person signs in, whether it has sessions or not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningApp } from '../../helpers/app.ts';
import type { Json } from '../../helpers/mcp-session.ts';
import { bearer } from '../../helpers/open-webui-users.ts';
import { until } from '../../helpers/wait.ts';
import { startModernStory } from '../../mcp/login/modern-notes.ts';
import { codePageAfter, consent, linkIn } from '../hand-off-story.ts';
import { Person } from '../login-story.ts';
import {
  as,
  browserOf,
  LIST_CHANGED,
  listen,
  namesIn,
  once,
  roundIn,
  said,
  startPeopleStory,
  TOOLS,
  told,
} from './logins-story.ts';

const WHOAMI = { name: 'whoami', arguments: {} };
const ACCEPTED = { inputResponses: { login: { action: 'accept' } } };
const FOREIGN = { code: -32602, message: 'Invalid or expired requestState', data: { reason: 'invalid_request_state' } };
/** A client that opens no addresses. */
const PLAIN = { capabilities: { elicitation: { form: {} } } };

const ask = (app: RunningApp, method: string, params: Json = {}) => once(app, as('ann'), method, params);
const call = (app: RunningApp, params: Json) => ask(app, 'tools/call', params);

describe('a stateless request of somebody who has not signed in at the server', () => {
  it('discovers, and lists the one tool that connects', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const { result } = await ask(app, 'server/discover');
    const { supportedVersions, capabilities } = result as { supportedVersions: string[]; capabilities: Json };
    assert.deepEqual(supportedVersions.slice(0, 2), ['2026-07-28', '2025-11-25']);
    assert.deepEqual(capabilities.tools, { listChanged: true });
    assert.deepEqual(namesIn(await ask(app, 'tools/list')), ['connect_notes']);
    const { result: list } = await ask(app, 'prompts/list');
    assert.deepEqual([(list as Json).prompts, (list as Json).cacheScope], [[], 'private']);
    assert.ok(notes.seen.every(({ hadToken }) => !hadToken));
    assert.deepEqual(notes.answered('tools/list'), []);
  });

  it('is asked in a round, and runs when it comes again after the login', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const { url, requestState } = roundIn(await call(app, WHOAMI));
    assert.equal(linkIn(`${url} `), url);
    const again = roundIn(await call(app, { ...WHOAMI, ...ACCEPTED, requestState }));
    assert.equal(again.url, url, 'she has not been there yet');
    await consent(await browserOf(app, 'ann'), url);
    assert.equal(said(await call(app, { ...WHOAMI, ...ACCEPTED, requestState: again.requestState })), 'alice');
    assert.deepEqual(namesIn(await ask(app, 'tools/list')).toSorted(), [...TOOLS, 'count_words'].toSorted());
    assert.equal(notes.answered('whoami', 'alice').length, 1);
  });

  it('is refused with the state of another person, or of another call, or of nobody', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const [anns, bens] = [await browserOf(app, 'ann'), await browserOf(app, 'ben')];
    const { requestState } = roundIn(await call(app, WHOAMI));
    await anns.connect({ user: 'alice' });
    await bens.connect({ user: 'bob' });
    const retry = { ...WHOAMI, ...ACCEPTED, requestState };
    const answers = [
      await once(app, as('ben'), 'tools/call', retry),
      await call(app, { ...retry, name: 'list_notes' }),
      await call(app, { ...retry, requestState: `${requestState.slice(0, -2)}AA` }),
      await call(app, { ...retry, requestState: 'latchkey-login.zzzzzzzz.AAAA' }),
    ];
    for (const { error } of answers) assert.deepEqual(error, FOREIGN);
    assert.deepEqual(notes.answered('whoami'), []);
    assert.equal(said(await call(app, retry)), 'alice');
    notes.delayMs = 50;
    const shares = { capabilities: {} };
    const both = (['ann', 'ben', 'ann', 'ben'] as const).map((name) =>
      once(app, as(name), 'tools/call', WHOAMI, shares),
    );
    assert.deepEqual((await Promise.all(both)).map(said), ['alice', 'bob', 'alice', 'bob']);
    assert.deepEqual(notes.sharedSessions(), []);
  });

  it('is told in words what a client cannot open, and the code is brought like any call', async (t) => {
    const { app } = await startPeopleStory(t);
    const plain = (params: Json) => once(app, as('ann'), 'tools/call', params, PLAIN);
    const answer = await plain(WHOAMI);
    assert.equal((answer.result as Json).resultType, 'complete');
    const [text, isError] = told(answer);
    assert.equal(isError, true);
    assert.match(text, /^No account is connected at "notes"\. .+ call connect_notes with it\.$/);
    const { error } = (await once(app, as('ann'), 'prompts/get', { name: 'p' }, PLAIN)) as { error: Json };
    assert.equal(error.message, text);
    const { code } = await codePageAfter(new Person(app), linkIn(text));
    const done = said(await plain({ name: 'connect_notes', arguments: { code } }));
    assert.equal(done, 'Connected at "notes" for ann. Go on.');
    assert.equal(said(await plain(WHOAMI)), 'alice');
  });
});

describe('a subscription of somebody who has not signed in, or will sign out', () => {
  it('hears of it, and of nobody else’s, at a server with sessions', async (t) => {
    const { app } = await startPeopleStory(t);
    const [anns, bens] = [listen(app, as('ann')), listen(app, as('ben'))];
    for (const heard of [anns, bens]) await until(() => heard.length === 1);
    assert.equal(anns[0]?.method, 'notifications/subscriptions/acknowledged');
    await (await browserOf(app, 'ann')).connect();
    await until(() => anns.some(({ method }) => method === LIST_CHANGED));
    assert.ok(namesIn(await ask(app, 'tools/list')).includes('whoami'));
    assert.equal(bens.length, 1);
  });

  it('lasts through all logins, though the server itself never has changes to tell', async (t) => {
    const { app } = await startPeopleStory(t);
    const browser = await browserOf(app, 'ann');
    await browser.connect();
    const heard = listen(app, as('ann'));
    await until(() => heard.length === 1);
    const [{ params } = {}] = heard;
    assert.deepEqual((params as Json | undefined)?.notifications, { toolsListChanged: true });
    for (const change of [() => browser.disconnect(), () => browser.connect(), () => browser.disconnect()]) {
      heard.length = 0;
      await change();
      await until(() => heard.length > 0);
      assert.ok(heard.every(({ method }) => method === LIST_CHANGED));
    }
  });

  it('hears of it, and then what the server says, at one without', async (t) => {
    const { app, announce } = await startModernStory(t);
    const ann = await bearer('ann-0001');
    const heard = listen(app, ann);
    await until(() => heard.length === 1);
    const { url } = roundIn(await once(app, ann, 'tools/call', WHOAMI));
    const { code } = await codePageAfter(new Person(app), url);
    said(await once(app, ann, 'tools/call', { name: 'connect_notes', arguments: { code } }));
    await until(() => heard.some(({ method }) => method === LIST_CHANGED));
    heard.length = 0;
    await until(() => {
      announce();
      return heard.length > 0;
    });
    assert.equal(heard[0]?.method, LIST_CHANGED);
    assert.equal(said(await once(app, ann, 'tools/call', WHOAMI)), 'you');
  });
});
