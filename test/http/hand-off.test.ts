/** A login that is begun in a chat: the link, the page that asks, and how it ends for the people whom it is meant for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { sessionToken, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import {
  Chat,
  codeIn,
  codePageAfter,
  consent,
  goOf,
  goOn,
  linkIn,
  open,
  signedInToOpenWebui,
  startChatStory,
  startNeighbourStory,
} from './hand-off-story.ts';
import { accounts, coded, Person, protectedEntry, startProvider } from './login-story.ts';
import { basic } from './raw.ts';
import { startFor } from './start-for.ts';

const ANN = '5c1f7e0a-ann';
const BEN = '9d3b2c4e-ben';

describe('a login begun in a chat, in a browser that nobody knows', () => {
  it("waits for its code, and is the caller's once the code was brought to the chat", async (t) => {
    const { app } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const { code } = await codePageAfter(browser, await chat.link(), { user: 'alice' });
    assert.equal(await chat.whoami(), 'authorization_required', 'nothing is connected yet');
    const done = await chat.connect(code);
    assert.equal(done.status, 200);
    assert.match(done.text, /^Connected .*at "notes".* Go on\.$/);
    assert.equal(await chat.whoami(), 'alice');
    assert.match((await chat.connect()).text, /^Connected .*To use another account, open http/);
    assert.equal(await new Chat(app, BEN).whoami(), 'authorization_required');
    assert.equal(browser.session, undefined, 'the browser is still nobody');
  });

  it('is told of in the same words by the tool and by connect_<server>', async (t) => {
    const { app } = await startChatStory(t);
    const chat = new Chat(app, ANN);
    const refused = await chat.call('whoami');
    assert.deepEqual([refused.status, refused.code], [401, 'authorization_required']);
    const asked = await chat.connect();
    assert.equal(asked.status, 200);
    assert.equal(asked.text, refused.text);
    const { authorize_url: url } = refused.body as Record<string, unknown>;
    assert.equal(url, linkIn(refused.text));
    assert.match(refused.text, /If the page shows a code, call connect_notes with it\.$/);
    const unknown = await chat.call('no-such-tool');
    assert.equal(unknown.text, refused.text);
  });

  it('asks first: for whom, how long ago, and with a warning; nothing of it leaves to other sites or caches', async (t) => {
    const { app } = await startChatStory(t);
    const page = await open(new Person(app), await new Chat(app, ANN).link());
    assert.equal(page.status, 200);
    assert.equal(page.headers['referrer-policy'], 'same-origin');
    assert.match(page.headers['cache-control'] ?? '', /no-store/);
    assert.match(page.body, /<h1>Connect an account at &quot;notes&quot;\?<\/h1>/);
    assert.match(page.body, /asked for it in a chat less than a minute ago/);
    assert.match(page.body, new RegExp(`<code dir="auto">openwebui:${ANN}</code>`));
    assert.match(page.body, /Only go on if you asked for this yourself/);
    assert.match(page.body, /At the end you get a code/);
    assert.doesNotMatch(page.body, /<form/, 'under this policy forms come from nowhere');
    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    assert.match(cookie, /^latchkey_ask_[\w-]+=[\w-]{43}; Max-Age=600; Path=\/oauth\/; HttpOnly; SameSite=Lax$/);
  });

  it('shows the code again when the page is loaded again, for as long as it is good', async (t) => {
    const { app } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const { path, code, page } = await codePageAfter(browser, await chat.link());
    assert.match(page.body, /Give it to nobody/);
    assert.match(page.body, /\(in (?:9|10) minutes\)/);
    assert.match(page.headers['cache-control'] ?? '', /no-store/);
    assert.equal(codeIn(await browser.go(path)), code);
    await chat.connect(code);
    const over = await browser.go(path);
    assert.equal(over.status, 200);
    assert.match(over.body, /This code is over/);
    assert.ok(!over.body.includes(code));
  });

  it('works for a browser with a visit of its own, which stays the visitor that it was', async (t) => {
    const { app } = await startChatStory(t, { argv: ['--api-key', 'the-key'] });
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const _csrf = await browser.formToken('/login');
    await browser.submit('/login', { _csrf, key: 'the-key', next: '/' });
    await browser.connect({ user: 'bob' });
    const { code } = await codePageAfter(browser, await chat.link(), { user: 'alice' });
    assert.equal((await chat.connect(code)).status, 200);
    assert.equal(await chat.whoami(), 'alice');
    assert.equal((await browser.call('/notes/whoami')).body, '"bob"');
  });

  it('takes a code as it may be written in a chat', async (t) => {
    const { app } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const { code } = await codePageAfter(browser, await chat.link());
    assert.equal((await chat.connect(` ${code.toLowerCase().replace('-', ' ')} `)).status, 200);
    const again = await chat.connect(code);
    assert.equal(again.status, 200, 'models say things twice');
    assert.match(again.text, /^Connected .* No login waits for a code now\.$/);
  });

  it('works where everything else asks for a credential', async (t) => {
    const { app } = await startChatStory(t, { argv: ['--strict-auth'] });
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const { code } = await codePageAfter(browser, await chat.link());
    assert.equal((await chat.connect(code)).status, 200);
    for (const path of ['/', '/openapi.json', '/notes/openapi.json', '/oauth/notes/status', '/oauth/notes/authorize']) {
      assert.equal((await app.get(path)).status, 401, path);
    }
    const ofNoForm = await app.get('/oauth/notes/authorize?ticket=short');
    assert.equal(ofNoForm.status, 401);
  });

  it('works below a root path, and for a server whose name holds a slash', async (t) => {
    const { notes } = await startProvider(t);
    const app = await startFor(t, {
      mcpServers: { 'team/notes': protectedEntry(notes) },
      keys: { webui_secret_key: WEBUI_SECRET },
      argv: ['--root-path', '/gate', '--path-prefix', '/tools'],
    });
    const browser = new Person(app);
    const headers = { authorization: `Bearer ${await sessionToken(ANN)}` };
    const connect = async (code?: string): Promise<string> => {
      const answer = await app.post('/gate/tools/team/notes/connect_team/notes', { code }, headers);
      return (await answer.json()) as string;
    };
    const begun = await goOn(browser, await open(browser, linkIn(await connect())));
    const ended = await browser.comeBack(await signIn(begun.headers.location ?? ''));
    assert.match(ended.headers.location ?? '', /^\/gate\/oauth\/team\/notes\/code\?login=/);
    const page = await browser.go(ended.headers.location ?? '');
    assert.match(await connect(codeIn(page)), /^Connected/);
    for (const { path } of browser.cookies.values()) assert.equal(path, '/gate/oauth/');
  });
});

describe('a login begun in a chat, in a browser that shows who it is', () => {
  it("needs no code where Open WebUI's cookie names the very user, and says so first", async (t) => {
    const { app } = await startNeighbourStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    await signedInToOpenWebui(browser, ANN);
    const page = await open(browser, await chat.link());
    assert.match(page.body, /as Open WebUI in this browser says/);
    assert.doesNotMatch(page.body, /you get a code/);
    const ended = await consent(browser, await chat.link(), { user: 'alice' });
    assert.match(ended.headers.location ?? '', /^\/oauth\/notes\/done\?login=/);
    const done = await browser.go(ended.headers.location ?? '');
    assert.match(done.body, /was connected/);
    assert.equal(await chat.whoami(), 'alice');
    assert.equal(browser.session, undefined, 'nobody was signed in');
    const other = await new Person(app).go(ended.headers.location ?? '');
    assert.deepEqual(coded(other), [400, 'ticket_unknown']);
  });

  it('needs no code where the browser is signed in as the caller', async (t) => {
    const { app } = await startChatStory(t, { keys: accounts('ann', 'ben') });
    const browser = new Person(app);
    const program = { authorization: basic('ann', 'ann-pw') };
    const text = (await (await app.post('/notes/connect_notes', {}, program)).json()) as string;
    await browser.signIn('ann');
    const page = await open(browser, linkIn(text));
    assert.match(page.body, /You are <strong dir="auto">ann<\/strong>, as you are signed in here/);
    const ended = await consent(browser, linkIn(text), { user: 'alice' });
    assert.equal(ended.headers.location, '/?connected=notes');
    assert.equal(await (await app.post('/notes/whoami', {}, program)).json(), 'alice');
  });

  it('reads the cookie only where Open WebUI has our own host', async (t) => {
    for (const url of ['http://chat.example.org', 'http://127.0.0.1:8080']) {
      const { app } = await startChatStory(t, { keys: { open_webui: { url } } });
      const browser = new Person(app);
      await signedInToOpenWebui(browser, ANN);
      const page = await open(browser, await new Chat(app, ANN).link());
      assert.match(page.body, /At the end you get a code/, url);
    }
    const keys = { open_webui: { url: 'http://open-webui:8080', public_url: 'http://localhost:8080' } };
    const { app } = await startChatStory(t, { keys });
    const browser = new Person(app);
    await signedInToOpenWebui(browser, ANN);
    const page = await open(browser, await new Chat(app, ANN).link());
    assert.match(page.body, /as Open WebUI in this browser says/, 'the host that people open decides');
  });
});

describe('a link that cannot be used', () => {
  it('says so on a page that offers no way to begin as somebody else', async (t) => {
    const { app, as } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const link = await chat.link();
    await as.stop();
    const failed = await goOn(browser, await open(browser, link));
    assert.deepEqual(coded(failed), [502, 'discovery_failed']);
    assert.match(failed.body, /Ask for a new link in your chat\./);
    assert.doesNotMatch(failed.body, /Try again<\/a>/);
    assert.deepEqual(coded(await open(browser, link)), [400, 'ticket_unknown'], 'it is used up');
  });

  it('leads back to the chat also where the provider or the person says no', async (t) => {
    const { app } = await startChatStory(t);
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const begun = await goOn(browser, await open(browser, await chat.link()));
    const denied = await browser.comeBack(await signIn(begun.headers.location ?? '', { decision: 'deny' }));
    assert.deepEqual(coded(denied), [403, 'consent_denied']);
    assert.match(denied.body, /Ask for a new link in your chat\./);
    assert.doesNotMatch(denied.body, /Try again<\/a>/);
    const own = new Person(app);
    assert.match(goOf(await open(own, await chat.link())), /go=/, 'a new link is there');
  });

  it('is plain JSON to a program, and nothing to who only asks for its head', async (t) => {
    const { app } = await startChatStory(t);
    const { pathname, search } = new URL(await new Chat(app, ANN).link());
    const answer = await app.get(pathname + search, { accept: 'application/json' });
    assert.equal(answer.status, 400);
    const { error, message } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([error, message], ['bad_request', 'This link is for a person: open it in a browser.']);
    assert.equal((await fetch(app.url + pathname + search, { method: 'HEAD' })).status, 404);
  });

  it('is not made for callers who are nobody in particular, nor for browsers', async (t) => {
    const { app } = await startChatStory(t, { argv: ['--api-key', 'the-key'] });
    const key = await app.post('/notes/whoami', {}, { authorization: 'Bearer the-key' });
    assert.doesNotMatch(await key.text(), /ticket/);
    const asked = await app.post('/notes/connect_notes', {}, { authorization: 'Bearer the-key' });
    assert.match((await asked.json()) as string, /does not say whose/);
    const browser = new Person(app);
    const _csrf = await browser.formToken('/login');
    await browser.submit('/login', { _csrf, key: 'the-key', next: '/' });
    assert.doesNotMatch((await browser.call('/notes/connect_notes')).body, /ticket/);
    assert.doesNotMatch((await browser.call('/notes/whoami')).body, /ticket/);
  });
});
