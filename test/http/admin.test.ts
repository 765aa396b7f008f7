/** Who may read what names files, commands and addresses, over HTTP: reasons, warnings and the connection for Open WebUI. */
import assert from 'node:assert/strict';
import { after, before, describe, it, mock, type TestContext } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { bearer, sessionToken, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { AuthsServer } from '../identity/open-webui/auths-server.ts';
import { accounts, Person } from './login-story.ts';
import { continueAs } from './open-webui-sign-in.ts';
import { startFor } from './start-for.ts';

const HTML = { accept: 'text/html' };
const KEY = 'correct-horse-battery';
const DOCUMENT_KEY = 'Az09._~-Az09._~-q';
const HOUR_MS = 3_600_000;

const broken = { command: '/nowhere/private-command' };
// Nobody is asked there before a login.
const notes = { url: 'http://127.0.0.1:9/mcp', oauth: true };

let openWebui: AuthsServer;
before(async () => {
  openWebui = await AuthsServer.start();
  openWebui.users.set('ann', { name: 'Ann', role: 'admin' });
  openWebui.users.set('ben', { name: 'Ben', role: 'user' });
});
after(() => openWebui.stop());

function start(t: TestContext, argv: readonly string[], keys: Record<string, unknown> = {}): Promise<RunningApp> {
  return startFor(t, { mcpServers: { broken, notes: { ...notes, headers: { Authorization: 'x' } } }, argv, keys });
}

/** Who reads at `/` and below a server why it failed. */
async function knows(app: RunningApp, headers: Record<string, string> = {}): Promise<boolean> {
  const answers = ['/', '/broken'].map(async (path) => (await app.get(path, headers)).text());
  const page = await (await app.get('/', { ...HTML, ...headers })).text();
  const found = [...(await Promise.all(answers)), page].map((text) => text.includes('private-command'));
  assert.ok(
    found.every((one) => one === found[0]),
    String(found),
  );
  assert.equal(/config\.json/.test(page), found[0], 'warnings go with reasons');
  return found[0] === true;
}

async function seesPanel(app: RunningApp, headers: Record<string, string>): Promise<boolean> {
  return (await (await app.get('/', { ...HTML, ...headers })).text()).includes(DOCUMENT_KEY);
}

describe('why a server failed, and what is odd', () => {
  it('is for the person at this machine, not for whom Open WebUI calls from there, verified or not', async (t) => {
    for (const argv of [[], ['--webui-secret-key', WEBUI_SECRET]]) {
      const app = await start(t, argv);
      assert.equal(await knows(app), true);
      assert.equal(await knows(app, await bearer('ben')), false);
      assert.equal(await knows(app, { 'x-forwarded-for': '192.0.2.1' }), false);
    }
  });

  it('is for the holder of the API key, accounts and tokens, and for no user of Open WebUI', async (t) => {
    const argv = ['--api-key', KEY, '--webui-secret-key', WEBUI_SECRET, '--trust-forwarded-user'];
    const app = await start(t, argv, accounts('alice'));
    assert.equal(await knows(app, { authorization: `Bearer ${KEY}` }), true);
    assert.equal(await knows(app, { authorization: `Basic ${btoa('alice:alice-pw')}` }), true);
    assert.equal(await knows(app, await bearer('ben')), false);
    assert.equal(await knows(app, { authorization: `Bearer ${KEY}`, 'x-openwebui-user-id': 'ben' }), false);
  });

  it('is for nobody on a gateway that is open to all', async (t) => {
    assert.equal(await knows(await start(t, ['--host', '0.0.0.0', '--insecure-open'])), false);
  });
});

describe('an admin of Open WebUI, who is asked', () => {
  const argv = ['--host', '0.0.0.0', '--document-key', DOCUMENT_KEY];
  const keys = () => ({ open_webui: { url: openWebui.url, public_url: 'http://localhost:8080' } });

  it('is an admin here by token, and other users are not', async (t) => {
    const app = await start(t, argv, keys());
    assert.deepEqual([await knows(app, await bearer('ann')), await seesPanel(app, await bearer('ann'))], [true, true]);
    assert.deepEqual(
      [await knows(app, await bearer('ben')), await seesPanel(app, await bearer('ben'))],
      [false, false],
    );
    assert.deepEqual([await knows(app), await seesPanel(app, {})], [false, false]);
  });

  it('is one by the cookie only after going on as that user, and for an hour', async (t) => {
    const app = await start(t, argv, keys());
    const browser = new Person(app);
    const cookie = `token=${await sessionToken('ann')}`;
    assert.equal(await seesPanel(app, { cookie }), false);
    await continueAs(browser, 'ann');
    assert.ok((await browser.go('/')).body.includes(DOCUMENT_KEY));
    browser.cookies.delete('token');
    t.after(() => mock.timers.reset());
    mock.timers.enable({ apis: ['Date'], now: Date.now() + HOUR_MS - 2_000 });
    assert.ok((await browser.go('/')).body.includes(DOCUMENT_KEY));
    mock.timers.setTime(Date.now() + 3_000);
    assert.ok(!(await browser.go('/')).body.includes(DOCUMENT_KEY));
    mock.timers.reset();
    const other = new Person(app);
    await continueAs(other, 'ben');
    assert.ok(!(await other.go('/')).body.includes(DOCUMENT_KEY));
  });

  it('is no admin where a server knows its own users', async (t) => {
    const oauth = { webui_secret_key: WEBUI_SECRET };
    const mcpServers = { own: { ...notes, oauth } };
    const app = await startFor(t, { mcpServers, argv: ['--api-key', KEY, '--document-key', DOCUMENT_KEY] });
    assert.equal(await seesPanel(app, await bearer('ann', { claims: { role: 'admin' } })), false);
    assert.equal(await seesPanel(app, { authorization: `Bearer ${KEY}` }), true);
  });
});

describe('what everybody should know', () => {
  it('is shown to everybody: that anybody can claim to be anybody, and that documents say little', async (t) => {
    const app = await start(t, ['--host', '0.0.0.0', '--no-verify-jwt']);
    for (const headers of [{}, { 'x-forwarded-for': '192.0.2.1' }, await bearer('ben')]) {
      const page = await (await app.get('/', { ...HTML, ...headers })).text();
      assert.match(page, /ANYBODY CAN CLAIM TO BE ANYBODY/);
      assert.match(page, /Open WebUI sees only connect_&lt;server&gt;/);
      assert.doesNotMatch(page, /anyone who reaches|0\.0\.0\.0|config\.json|private-command/);
    }
  });
});
