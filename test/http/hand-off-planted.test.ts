/** What somebody can plant in a browser of somebody else, and who else may sit at it: never an account for the wrong person. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { Chat, goOf, goOn, open, signedInToOpenWebui, startNeighbourStory } from './hand-off-story.ts';
import { coded, onward, Person } from './login-story.ts';
import { continueAs, offerIn } from './open-webui-sign-in.ts';
import { raw } from './raw.ts';

const EVE = 'eve-0001';
const BEN = 'ben-0002';
const OWN_SECRET = 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF';

/** Takes over what a page of another port of the host can set. */
function plant(from: Person, into: Person, name: RegExp): void {
  for (const [key, cookie] of from.cookies) if (name.test(key)) into.cookies.set(key, cookie);
}

describe('a login that a cookie of Open WebUI vouched for', () => {
  it('ends at a browser that the cookie names as somebody else, though it was given the cookie of the flow', async (t) => {
    const { app, as } = await startNeighbourStory(t);
    const [chat, eve, ben] = [new Chat(app, EVE), new Person(app), new Person(app)];
    await signedInToOpenWebui(eve, EVE);
    await signedInToOpenWebui(ben, BEN);
    const begun = await goOn(eve, await open(eve, await chat.link()));
    plant(eve, ben, /^latchkey_flow_/);
    const end = await ben.comeBack(await signIn(begun.headers.location ?? '', { user: 'bob' }));
    assert.deepEqual(coded(end), [403, 'flow_wrong_person']);
    assert.equal(await chat.whoami(), 'authorization_required');
    assert.equal(as.refreshTokensOf('bob'), 0);
  });

  it('asks for a code at a browser that the cookie does not name any more', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, eve, ben] = [new Chat(app, EVE), new Person(app), new Person(app)];
    await signedInToOpenWebui(eve, EVE);
    const begun = await goOn(eve, await open(eve, await chat.link()));
    plant(eve, ben, /^latchkey_flow_/);
    const end = await ben.comeBack(await signIn(begun.headers.location ?? '', { user: 'bob' }));
    assert.match(end.headers.location ?? '', /\/code\?login=/);
    assert.equal(await chat.whoami(), 'authorization_required');
  });

  it('names for whom it was when it is done', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, eve] = [new Chat(app, EVE), new Person(app)];
    await signedInToOpenWebui(eve, EVE);
    const begun = await goOn(eve, await open(eve, await chat.link()));
    const end = await eve.comeBack(await signIn(begun.headers.location ?? ''));
    const done = await eve.go(end.headers.location ?? '');
    assert.match(done.body, /was connected for Open WebUI user eve-0001\./);
    assert.equal(await chat.whoami(), 'alice');
  });
});

describe('a page that asked about one person', () => {
  it('asks anew where another one is at the browser when the button is pressed', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, ben] = [new Chat(app, EVE), new Person(app)];
    const page = await open(ben, await chat.link());
    assert.match(page.body, /At the end you get a code/);
    await signedInToOpenWebui(ben, EVE);
    const again = await goOn(ben, page);
    assert.equal(again.status, 200);
    assert.match(again.body, /as Open WebUI in this browser says/);
  });

  it('does not begin from elsewhere where browsers do not tell what asks', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, eve] = [new Chat(app, EVE), new Person(app)];
    const go = new URL(goOf(await open(eve, await chat.link())), eve.origin);
    const [asked = ''] = [...eve.cookies]
      .filter(([name]) => name.startsWith('latchkey_ask_'))
      .map(([name, { value }]) => `${name}=${value}`);
    const headers = ['host', go.host, 'accept', 'text/html', 'cookie', asked];
    const path = go.pathname + go.search;
    assert.equal((await raw(app.url, { path, headers })).status, 200);
    assert.equal((await raw(app.url, { path, headers: [...headers, 'referer', 'http://evil.example/'] })).status, 200);
    const own = [...headers, 'referer', `${go.origin}/oauth/notes/authorize`];
    assert.equal((await raw(app.url, { path, headers: own })).status, 302);
  });

  it('signs nobody else in than it named', async (t) => {
    const { app } = await startNeighbourStory(t);
    const ben = new Person(app);
    await signedInToOpenWebui(ben, BEN);
    const fields = offerIn(await ben.go('/'));
    assert.ok(fields);
    await signedInToOpenWebui(ben, EVE);
    const again = await ben.submit('/login', fields);
    assert.match(again.body, /Continue as <bdi>Open WebUI user eve-0001/);
    assert.doesNotMatch((await ben.go('/')).body, /Signed in as/);
  });
});

describe('somebody else at the same browser', () => {
  it('is not who was signed in here before, once Open WebUI says another name', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [alice, shared] = [new Chat(app, 'alice-1'), new Person(app)];
    await continueAs(shared, 'alice-1');
    assert.match((await shared.go('/')).body, /Signed in as/);
    await signedInToOpenWebui(shared, BEN);
    const begun = await shared.go('/oauth/notes/authorize');
    assert.match(begun.headers.location ?? '', /\/login\?next=/);
    const home = await shared.go('/');
    assert.doesNotMatch(home.body, /Signed in as/);
    assert.match(home.body, /Continue as <bdi>Open WebUI user ben-0002/);
    assert.equal(await alice.whoami(), 'authorization_required');
  });
});

describe('a browser at a server with a secret of its own', () => {
  it('is told to go to the chat, and not sent round in circles', async (t) => {
    for (const argv of [[], ['--api-key', 'key-of-the-gateway']]) {
      const { app } = await startNeighbourStory(t, { oauth: { webui_secret_key: OWN_SECRET }, argv });
      const person = new Person(app);
      await continueAs(person, BEN);
      const page = await person.go('/oauth/notes/authorize');
      assert.equal(onward(page), undefined);
      assert.deepEqual(coded(page), [401, 'identity_required']);
      assert.match(page.body, /Connect it from your chat/);
    }
  });
});

describe('cookies with odd blanks', () => {
  it('are two sessions as well', async (t) => {
    const { app } = await startNeighbourStory(t);
    const [eve, ben] = [new Person(app), new Person(app)];
    await continueAs(eve, EVE);
    await continueAs(ben, BEN);
    const name = [...eve.cookies.keys()].find((key) => /^latchkey_[0-9a-f]{8}$/.test(key)) ?? '';
    const cookie = `${name} =${eve.session?.value}; ${name}=${ben.session?.value}`;
    const answer = await raw(app.url, { path: '/', headers: ['accept', 'text/html', 'cookie', cookie] });
    assert.equal(answer.status, 400);
  });
});
