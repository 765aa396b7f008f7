/** Two people with sessions at one server: what one of them does with a login is no matter of the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linkIn } from '../hand-off-story.ts';
import {
  as,
  bringCode,
  browserOf,
  Client,
  elicitationIn,
  LIST_CHANGED,
  OPENS_URLS,
  once,
  said,
  startPeopleStory,
  told,
} from './logins-story.ts';

const NO_ACCOUNT = /^No account is connected at "notes"\./;
const ENDED = /^The sign-in at "notes" has ended\./;

describe('two people with sessions at one server', () => {
  it('have each their own link, account, tools and session, and hear nothing of the other', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const [ann, ben] = [
      await Client.open(t, app, { headers: as('ann') }),
      await Client.open(t, app, { headers: as('ben') }),
    ];
    const link = linkIn(told(await ann.call('whoami'))[0]);
    assert.notEqual(linkIn(told(await ben.call('whoami'))[0]), link);
    await bringCode(app, ann, link, { user: 'alice' });
    await ann.hears(LIST_CHANGED);
    assert.deepEqual(await ben.tools(), ['connect_notes']);
    assert.match(told(await ben.call('whoami'))[0], NO_ACCOUNT);
    assert.deepEqual(ben.heard, []);
    ann.heard.length = 0;
    await bringCode(app, ben, linkIn(told(await ben.call('whoami'))[0]), { user: 'bob' });
    await ben.hears(LIST_CHANGED);
    assert.deepEqual(ann.heard, []);
    assert.deepEqual(
      [await ann.tools(), await ben.tools()].map((names) => names.includes('count_words')),
      [true, false],
    );
    const both = await Promise.all([ann, ben, ann, ben].map((one) => one.call('whoami')));
    assert.deepEqual(both.map(said), ['alice', 'bob', 'alice', 'bob']);
    assert.deepEqual(notes.sharedSessions(), []);
    assert.equal(notes.notes.sessions.size >= 2, true);
  });

  it('do not end the login of the other by a code', async (t) => {
    const { app } = await startPeopleStory(t);
    const [ann, ben] = [
      await Client.open(t, app, { headers: as('ann') }),
      await Client.open(t, app, { headers: as('ben') }),
    ];
    // Ben brings the code of the login that was begun with Ann's link.
    await assert.rejects(bringCode(app, ben, linkIn(told(await ann.call('whoami'))[0])), /No login at "notes" waits/);
    assert.match(told(await ben.call('whoami'))[0], NO_ACCOUNT);
    assert.match(told(await ann.call('whoami'))[0], NO_ACCOUNT);
  });
});

describe('a login that ends', () => {
  it('by Disconnect ends for all sessions of the person at once, and for nobody else', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const [anns, bens] = [await browserOf(app, 'ann'), await browserOf(app, 'ben')];
    await anns.connect({ user: 'alice' });
    await bens.connect({ user: 'bob' });
    const [ann, other, ben] = [
      await Client.open(t, app, { headers: as('ann') }),
      await Client.open(t, app, { headers: as('ann') }),
      await Client.open(t, app, { headers: as('ben') }),
    ];
    for (const one of [ann, other]) assert.equal(said(await one.call('whoami')), 'alice');
    assert.equal(said(await ben.call('whoami')), 'bob');
    const tokens = notes.tokensOf('alice');
    assert.equal((await anns.disconnect()).status, 303);
    const seen = notes.seen.length;
    for (const one of [ann, other]) {
      assert.match(told(await one.call('whoami'))[0], NO_ACCOUNT);
      await one.hears(LIST_CHANGED);
      assert.deepEqual(await one.tools(), ['connect_notes']);
    }
    assert.match(
      told(await once(app, as('ann'), 'tools/call', { name: 'whoami' }, { capabilities: {} }))[0],
      NO_ACCOUNT,
    );
    assert.equal(said(await ben.call('whoami')), 'bob');
    assert.deepEqual(ben.heard, []);
    const later = notes.seen.slice(seen).filter(({ token, name }) => name !== '' && tokens.has(String(token)));
    assert.deepEqual(later, [], 'her token is not used any more');
    await anns.connect({ user: 'bob' });
    for (const one of [ann, other]) {
      await one.hears(LIST_CHANGED, 2);
      assert.equal(said(await one.call('whoami')), 'bob', 'of the account that she has chosen now');
    }
    assert.deepEqual(notes.sharedSessions(), []);
  });

  it('at the provider is told like one that was never made', async (t) => {
    const { app, as: provider, notes } = await startPeopleStory(t);
    const [anns, bens] = [await browserOf(app, 'ann'), await browserOf(app, 'ben')];
    await anns.connect({ user: 'alice' });
    await bens.connect({ user: 'bob' });
    const ann = await Client.open(t, app, { headers: as('ann'), capabilities: OPENS_URLS });
    const ben = await Client.open(t, app, { headers: as('ben') });
    assert.equal(said(await ann.call('whoami')), 'alice');
    provider.revokeGrantsOf('alice');
    notes.refuse('alice');
    const { url = '', message = '' } = elicitationIn(await ann.call('whoami'));
    assert.match(message, ENDED);
    await ann.hears(LIST_CHANGED);
    assert.deepEqual(await ann.tools(), ['connect_notes']);
    assert.equal(said(await ben.call('whoami')), 'bob');
    assert.deepEqual(ben.heard, []);
    await bringCode(app, ann, url, { user: 'alice' });
    await ann.hears(LIST_CHANGED, 2);
    assert.equal(said(await ann.call('whoami')), 'alice');
    assert.ok((await ann.tools()).includes('whoami'));
  });
});

describe('rights that are missing', () => {
  it('are named with the link to them, and the call works after it', async (t) => {
    const { app } = await startPeopleStory(t);
    const browser = await browserOf(app, 'ann');
    await browser.connect();
    const ann = await Client.open(t, app, { headers: as('ann') });
    const asking = await Client.open(t, app, { headers: as('ann'), capabilities: OPENS_URLS });
    const [text, isError] = told(await ann.call('delete_all'));
    assert.equal(isError, true);
    assert.match(text, /^This call needs the rights "notes:write" at "notes"\. Ask the user to open http/);
    const { url = '', message } = elicitationIn(await asking.call('delete_all'));
    assert.equal(linkIn(`${message} `), url);
    assert.equal(said(await ann.call('whoami')), 'alice', 'what worked goes on working');
    assert.ok((await ann.tools()).includes('whoami'));
    await bringCode(app, ann, url);
    await asking.hears(LIST_CHANGED);
    for (const one of [ann, asking]) assert.match(said(await one.call('delete_all')), /^Deleted/);
  });
});

describe('the link that a person is told', () => {
  it('is one, however often and wherever their clients ask', async (t) => {
    const { app } = await startPeopleStory(t);
    const one = await Client.open(t, app, { headers: as('ann') });
    const all = await Client.open(t, app, { headers: as('ann'), path: '/mcp' });
    const asking = await Client.open(t, app, { headers: as('ann'), capabilities: OPENS_URLS });
    const whoami = { name: 'whoami' };
    const ways: (() => Promise<string>)[] = [
      async () => told(await one.call('whoami'))[0],
      async () => said(await all.call('connect_notes')),
      async () => `${elicitationIn(await asking.call('whoami')).url} `,
      async () => told(await once(app, as('ann'), 'tools/call', whoami, { capabilities: {} }))[0],
      async () => String(await (await app.post('/notes/connect_notes', {}, as('ann'))).json()),
    ];
    const links = new Set<string>();
    for (let turn = 0; turn < 5; turn += 1) {
      const texts = await Promise.all(ways.flatMap((way) => [way(), way()]));
      for (const text of texts) links.add(linkIn(text));
    }
    assert.equal(links.size, 1, 'of 50');
  });
});
