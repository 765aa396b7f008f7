/** What somebody else can do with a link, a page, a code or a cookie of a login that was begun in a chat: nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { sessionToken } from '../helpers/open-webui-users.ts';
import { until } from '../helpers/wait.ts';
import {
  Chat,
  codePageAfter,
  dropFields,
  goOf,
  goOn,
  lured,
  open,
  signedInToOpenWebui,
  startChatStory,
  startNeighbourStory,
} from './hand-off-story.ts';
import { accounts, coded, Person, protectedEntry, reload, type Story } from './login-story.ts';
import { raw } from './raw.ts';

const EVE = 'eve-0001';
const BEN = 'ben-0002';
const WRONG = '00000-00000';

const isRevoked = ({ as }: Pick<Story, 'as'>) => until(() => as.happened('grant-revoked') > 0);

describe('somebody who was sent a link and consents', () => {
  it('gives the sender nothing', async (t) => {
    const { eve, app } = await lured(t);
    assert.equal(await eve.whoami(), 'authorization_required');
    assert.equal(await new Chat(app, BEN).whoami(), 'authorization_required');
    assert.match((await eve.connect()).text, /^A sign-in at "notes" waits for its code/);
  });

  it('can take it back, and the access is revoked at the provider', async (t) => {
    const story = await lured(t);
    const { eve, ben, path, code } = story;
    const fields = dropFields(await ben.go(path));
    const cancelled = await ben.submit('/oauth/notes/drop', fields);
    assert.equal(cancelled.status, 200);
    assert.match(cancelled.body, /Nothing was connected/);
    await isRevoked(story);
    assert.deepEqual(coded(await ben.go(path)), [400, 'ticket_unknown'], 'the code is gone from the browser');
    assert.deepEqual(coded(await ben.submit('/oauth/notes/drop', fields)), [400, 'ticket_unknown']);
    const late = await eve.connect(code);
    assert.deepEqual([late.status, late.code], [409, 'nothing_to_confirm']);
    assert.match(late.text, /open http:\S+\?ticket=/, 'with a fresh link');
  });

  it('is told plainly where it is too late to take it back', async (t) => {
    const { eve, ben, path, code } = await lured(t);
    const fields = dropFields(await ben.go(path));
    await eve.connect(code);
    const late = await ben.submit('/oauth/notes/drop', fields);
    assert.match(late.body, /This code is over/);
    assert.match(late.body, /remove the access of this gateway in the settings of your account/);
    assert.equal(await eve.whoami(), 'bob', 'who gives the code away gives the account away, as the page says');
  });

  it('loses nothing to a sender who guesses: after five codes it is revoked', async (t) => {
    const story = await lured(t);
    const { eve, code } = story;
    for (const left of [4, 3, 2, 1, 0]) {
      const { status, code: error, text, body } = await eve.connect(WRONG);
      assert.deepEqual([status, error], [400, 'code_rejected']);
      assert.match(text, left > 1 ? new RegExp(`${left} tries are left`) : left === 1 ? /one try is left/ : /revoked/);
      const link = left === 0 ? ['authorize_url'] : [];
      assert.deepEqual(Object.keys(body as object).sort(), [...link, 'error', 'message', 'request_id'], 'flat');
    }
    await isRevoked(story);
    assert.equal((await eve.connect(code)).code, 'nothing_to_confirm');
    assert.equal(await eve.whoami(), 'authorization_required');
  });

  it('loses nothing to a sender who guesses fifty at once', async (t) => {
    const story = await lured(t);
    const { eve, code } = story;
    const guesses = Array.from({ length: 50 }, (_, index) => eve.connect(`AAAAA-${String(10_000 + index)}`));
    const codes = (await Promise.all(guesses)).map(({ code: error }) => error);
    const count = (error: string) => codes.filter((one) => one === error).length;
    assert.equal(count('code_rejected'), 5, codes.join());
    assert.ok(count('too_many_attempts') > 0);
    assert.equal(count('code_rejected') + count('nothing_to_confirm') + count('too_many_attempts'), 50);
    await isRevoked(story);
    assert.equal((await eve.connect(code)).code, 'too_many_attempts');
    assert.equal(await eve.whoami(), 'authorization_required');
  });

  it('does not become the account of somebody else who has the code', async (t) => {
    const { app, eve, code } = await lured(t);
    const mallory = new Chat(app, 'mallory-3');
    assert.equal((await mallory.connect(code)).code, 'nothing_to_confirm');
    assert.equal((await eve.connect(code)).status, 200, 'and it was not spent by that');
  });
});

describe('the page that asks', () => {
  it('uses nothing up, however often previews and people look', async (t) => {
    const { app, as } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, EVE), new Person(app)];
    const link = await chat.link();
    for (let round = 0; round < 10; round += 1) assert.equal((await open(new Person(app), link)).status, 200);
    assert.equal(as.counts('register'), 0, 'nobody was asked anything');
    const { code } = await codePageAfter(browser, link);
    assert.equal((await chat.connect(code)).status, 200);
  });

  it('asks anew where its button was not pressed in this browser, by a person, on this page', async (t) => {
    const { app } = await startChatStory(t);
    const [chat, browser, other] = [new Chat(app, EVE), new Person(app), new Person(app)];
    const link = await chat.link();
    const go = goOf(await open(browser, link));
    const sameSite = { 'sec-fetch-site': 'same-origin' };
    const isAsked = ({ status, body }: { status: number; body: string }) =>
      assert.deepEqual([status, /Connect an account at/.test(body)], [200, true]);
    isAsked(await other.go(go, sameSite));
    isAsked(await new Person(app).go(go.replace(/go=[^&]+/, 'go='), sameSite));
    for (const site of ['cross-site', 'same-site']) {
      const fresh = goOf(await open(browser, link));
      isAsked(await browser.go(fresh, { 'sec-fetch-site': site, 'sec-fetch-dest': 'document' }));
    }
    isAsked(await browser.go(go, sameSite));
    const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' };
    assert.deepEqual(coded(await browser.go(link, framed)), [403, 'origin_not_allowed']);
    assert.equal((await goOn(browser, await open(browser, link))).status, 302);
  });

  it('is shown for a live ticket of this server alone, once', async (t) => {
    const { app, notes } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, EVE), new Person(app)];
    await reload(app, { notes: protectedEntry(notes), other: protectedEntry(notes) });
    const link = await chat.link();
    const ticket = new URL(link).searchParams.get('ticket') ?? '';
    const gone = [400, 'ticket_unknown'];
    assert.deepEqual(coded(await open(browser, link.replace('/notes/', '/other/'))), gone);
    for (const query of ['ticket=', 'ticket=x', `ticket=${'A'.repeat(43)}`, `ticket=${ticket}&ticket=${ticket}`]) {
      assert.deepEqual(coded(await open(browser, `/oauth/notes/authorize?${query}`)), gone, query);
    }
    const [page, again] = [await open(browser, link), new Person(app)];
    const second = await open(again, link);
    assert.equal((await goOn(browser, page)).status, 302);
    assert.deepEqual(coded(await goOn(again, second)), gone);
    assert.deepEqual(coded(await open(browser, link)), gone);
  });

  it('begins one login of many that press at once', async (t) => {
    const { app } = await startChatStory(t);
    const browser = new Person(app);
    const page = await open(browser, await new Chat(app, EVE).link());
    const cookies = new Map(browser.cookies);
    const people = Array.from({ length: 5 }, () => {
      const person = new Person(app);
      for (const [name, cookie] of cookies) person.cookies.set(name, cookie);
      return person;
    });
    const answers = await Promise.all(people.map((person) => goOn(person, page)));
    assert.equal(answers.filter(({ status }) => status === 302).length, 1);
  });

  it('is refused to a browser that is signed in as somebody else, who uses nothing up', async (t) => {
    const { app } = await startChatStory(t, { keys: accounts('ben') });
    const [chat, ben] = [new Chat(app, EVE), new Person(app)];
    await ben.signIn('ben');
    const link = await chat.link();
    const refused = await open(ben, link);
    assert.deepEqual(coded(refused), [403, 'flow_wrong_person']);
    assert.ok(!refused.body.includes(EVE), 'it does not say whose it is');
    assert.equal((await open(new Person(app), link)).status, 200);
  });

  it('is counted as an attempt, by address', async (t) => {
    const { app } = await startChatStory(t);
    const link = await new Chat(app, EVE).link();
    const codes = new Set<string>();
    for (let round = 0; round < 70; round += 1) codes.add(String(coded(await open(new Person(app), link))));
    assert.deepEqual([...codes], ['200,', '429,too_many_attempts']);
  });
});

describe('the cookie of Open WebUI', () => {
  it('refuses the link of another user', async (t) => {
    const { app } = await startNeighbourStory(t);
    const ben = new Person(app);
    await signedInToOpenWebui(ben, BEN);
    const link = await new Chat(app, EVE).link();
    assert.deepEqual(coded(await open(ben, link)), [403, 'flow_wrong_person']);
    assert.equal((await open(new Person(app), link)).status, 200);
  });

  it('counts for nothing where there are two: one of them was planted', async (t) => {
    const { app } = await startNeighbourStory(t);
    const { pathname, search } = new URL(await new Chat(app, EVE).link());
    const planted = `token=${await sessionToken(EVE)}`;
    for (const cookie of [
      `${planted}; token=${await sessionToken(BEN)}`,
      `token=x; ${planted}`,
      `${planted};token =`,
    ]) {
      const headers = ['accept', 'text/html', 'cookie', cookie];
      const page = await raw(app.url, { path: pathname + search, headers });
      assert.match(page.body, /At the end you get a code/, cookie.replaceAll(/[\w-]{20,}/g, '…'));
    }
  });

  it('counts for nothing where it is forged, expired, unsigned, or sent beside a credential', async (t) => {
    const { app } = await startNeighbourStory(t);
    const { pathname, search } = new URL(await new Chat(app, EVE).link());
    const now = Math.floor(Date.now() / 1000);
    const [head = '', payload = ''] = (await sessionToken(EVE)).split('.');
    const bad = [
      await sessionToken(EVE, { secret: 'another secret that is long enough' }),
      await sessionToken(EVE, { claims: { exp: now - 1 } }),
      `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`,
      `${head}.${payload}.`,
    ];
    for (const token of bad) {
      const page = await raw(app.url, {
        path: pathname + search,
        headers: ['accept', 'text/html', 'cookie', `token=${token}`],
      });
      assert.match(page.body, /At the end you get a code/);
    }
    const headers = ['accept', 'text/html', 'cookie', `token=${await sessionToken(EVE)}`, 'authorization', 'Bearer x'];
    assert.match((await raw(app.url, { path: pathname + search, headers })).body, /At the end you get a code/);
  });

  it('that was there when the page asked and is gone when the button is pressed makes the page ask anew, for a code', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, browser] = [new Chat(app, EVE), new Person(app)];
    await signedInToOpenWebui(browser, EVE);
    const page = await open(browser, await chat.link());
    browser.cookies.delete('token');
    const again = await goOn(browser, page);
    assert.equal(again.status, 200);
    assert.match(again.body, /At the end you get a code/);
    const begun = await goOn(browser, again);
    const ended = await browser.comeBack(await signIn(begun.headers.location ?? ''));
    assert.match(ended.headers.location ?? '', /\/code\?login=/);
    assert.equal(await chat.whoami(), 'authorization_required');
  });
});
