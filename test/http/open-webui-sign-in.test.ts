/** The offer to go on as the user whom Open WebUI's cookie names: who gets it, what it gives, and when it ends. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Chat, signedInToOpenWebui, startChatStory, startNeighbourStory } from './hand-off-story.ts';
import { accounts, coded, onward, Person } from './login-story.ts';
import { continueAs, offerIn } from './open-webui-sign-in.ts';

const ANN = 'ann-0001';
const HOUR_MS = 3_600_000;

describe('a browser with the cookie of Open WebUI', () => {
  it('is offered to go on as that user, and is nobody before it says so', async (t) => {
    const { app } = await startNeighbourStory(t);
    const browser = new Person(app);
    await signedInToOpenWebui(browser, ANN);
    const page = await browser.go('/');
    assert.match(page.body, /Continue as <bdi>Open WebUI user ann-0001<\/bdi>/);
    assert.equal((await browser.status()).user_id, 'unknown');
    assert.deepEqual(coded(await browser.call('/notes/connect_notes')), [401, 'missing_credentials']);
  });

  it('has the very connections of that user once it goes on, under another session', async (t) => {
    const { app } = await startNeighbourStory(t);
    const browser = new Person(app);
    await signedInToOpenWebui(browser, ANN);
    await browser.go('/');
    const before = browser.session?.value;
    await continueAs(browser, ANN);
    assert.notEqual(browser.session?.value, before);
    assert.match((await browser.go('/')).body, /Signed in as <strong>Open WebUI user ann-0001<\/strong>/);
    await browser.connect({ user: 'alice' });
    assert.equal(await new Chat(app, ANN).whoami(), 'alice');
    assert.equal(await new Chat(app, 'ben').whoami(), 'authorization_required');
  });

  it('is nobody again after signing out, and is not signed in by the cookie alone', async (t) => {
    const { app } = await startNeighbourStory(t);
    const browser = new Person(app);
    await continueAs(browser, ANN);
    assert.equal((await browser.signOut()).status, 303);
    assert.equal((await browser.status()).user_id, 'unknown');
    assert.ok(offerIn(await browser.go('/')), 'it is offered again');
    assert.equal((await browser.status()).user_id, 'unknown');
  });

  it('is nobody again after an hour, or when the token ends', async (t) => {
    const { app } = await startNeighbourStory(t);
    for (const [exp, ms] of [
      [86_400, HOUR_MS],
      [600, 600_000],
    ] as const) {
      const browser = new Person(app);
      const now = Date.now();
      await signedInToOpenWebui(browser, ANN, { claims: { exp: Math.floor(now / 1000) + exp } });
      await browser.submit('/login', offerIn(await browser.go('/')) ?? {});
      mock.timers.enable({ apis: ['Date'], now: now + ms - 2_000 });
      assert.equal((await browser.status()).user_id, 'ann-0001...');
      mock.timers.setTime(now + ms + 1_000);
      assert.equal((await browser.status()).user_id, 'unknown');
      mock.timers.reset();
    }
  });

  it('is offered it on the page to sign in where everything asks for a credential, and goes on from there', async (t) => {
    const { app } = await startNeighbourStory(t, { keys: accounts('ben') });
    const browser = new Person(app);
    await signedInToOpenWebui(browser, ANN);
    const sent = await browser.go('/notes/docs');
    assert.equal(sent.status, 303);
    const page = await browser.go(sent.headers.location ?? '');
    const done = await browser.submit('/login', offerIn(page) ?? {});
    assert.equal(onward(done), '/notes/docs');
    assert.equal((await browser.status()).user_id, 'ann-0001...');
  });

  it('is offered nothing with two such cookies, a forged one, another host, or as somebody signed in', async (t) => {
    const { app } = await startNeighbourStory(t, { keys: accounts('ben') });
    const forged = new Person(app);
    await signedInToOpenWebui(forged, ANN, { secret: 'another secret that is long enough' });
    assert.equal(offerIn(await forged.go('/login')), undefined);
    assert.match((await forged.go('/login')).body, /name="username"/);
    const two = new Person(app);
    await signedInToOpenWebui(two, ANN);
    const cookie = `token=${two.cookies.get('token')?.value}`;
    assert.equal(offerIn(await two.go('/login', { cookie: `${cookie}; token=x` })), undefined);
    const ben = new Person(app);
    await ben.signIn('ben');
    await signedInToOpenWebui(ben, ANN);
    assert.equal(offerIn(await ben.go('/')), undefined);
    const elsewhere = await startChatStory(t, { keys: { open_webui: { url: 'http://chat.example.org' } } });
    const browser = new Person(elsewhere.app);
    await signedInToOpenWebui(browser, ANN);
    assert.equal(offerIn(await browser.go('/')), undefined);
    assert.equal(browser.session, undefined, 'and no session is made for it');
  });

  it('is told so where the cookie no longer counts by the time that it goes on', async (t) => {
    const { app } = await startNeighbourStory(t);
    const browser = new Person(app);
    await signedInToOpenWebui(browser, ANN);
    const fields = offerIn(await browser.go('/')) ?? {};
    browser.cookies.delete('token');
    const refused = await browser.submit('/login', fields);
    assert.equal(refused.status, 401);
    assert.match(refused.body, /Open WebUI does not say who you are/);
    await signedInToOpenWebui(browser, ANN);
    const { _csrf: _, ...withoutToken } = fields;
    assert.deepEqual(coded(await browser.submit('/login', withoutToken)), [403, 'form_expired']);
    assert.equal((await browser.status()).user_id, 'unknown');
  });

  it('reads on the page to sign in that the way in is Open WebUI, where there is no other', async (t) => {
    const { app } = await startChatStory(t);
    const page = await new Person(app).go('/login');
    assert.match(page.body, /used from Open WebUI, so there is nothing to sign in with here/);
  });
});
