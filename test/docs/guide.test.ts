/** Every command of the guide to logins is run as it stands there, against a real provider; only the port is another. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser, signIn } from '../helpers/authorization-server.ts';
import { ChatUser, CODE, withoutTickets } from './chat-user.ts';
import { GuidePlace, OTHER_CHAPTERS } from './guide-place.ts';

const PASSWORDS = { ANN_PASSWORD: 'ann-pw', BEN_PASSWORD: 'ben-pw', NOTES_CLIENT_SECRET: 'secret' };

describe('the commands of the guide to logins', () => {
  let guide: GuidePlace;
  before(async () => {
    guide = await GuidePlace.prepare(OTHER_CHAPTERS, PASSWORDS);
    const [config = ''] = guide.blocks('yaml');
    guide.write('config.yaml', config);
  });
  after(() => guide.remove());

  /** Somebody at a browser, by the steps of the quick start. */
  async function signInAs(name: string, password: string): Promise<Browser> {
    const { home } = guide;
    const browser = new Browser();
    const sent = await browser.fetch(`${home}/`);
    assert.equal(sent.headers.get('location'), '/login?next=%2F');
    const form = await (await browser.fetch(`${home}/login`)).text();
    const csrf = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const body = new URLSearchParams({ _csrf: csrf, username: name, password });
    await browser.fetch(`${home}/login`, { method: 'POST', body, headers: { origin: home } });
    return browser;
  }

  async function connectAs(account: 'alice' | 'bob', name: string, password: string): Promise<void> {
    const { home } = guide;
    const browser = await signInAs(name, password);
    assert.match(await (await browser.fetch(`${home}/`)).text(), /Not connected: connect your account\s+to use it/);
    const begun = await browser.fetch(`${home}/oauth/notes/authorize`);
    const callback = await signIn(begun.headers.get('location') ?? '', { user: account });
    const ended = await browser.fetch(callback);
    const page = await (await browser.fetch(`${home}${ended.headers.get('location')}`)).text();
    assert.match(page, /Connected to notes\./);
  }

  /** Sends a form of the page at `/`; returns the page that answers. */
  async function submit(browser: Browser, path: string, fields: Record<string, string>): Promise<string> {
    const { home } = guide;
    const [, _csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(await (await browser.fetch(`${home}/`)).text()) ?? [];
    const body = new URLSearchParams({ _csrf, ...fields });
    return (await browser.fetch(home + path, { method: 'POST', body, headers: { origin: home } })).text();
  }

  it('the quick start: check, start, connect in the browser, and call from a script', async () => {
    assert.match(guide.run('latchkey check --config config.yaml'), /valid: 1 server/);
    await guide.serving('latchkey --config config.yaml', async () => {
      const refused = await guide.ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/notes/whoami');
      const [shown = ''] = guide.blocks('json');
      const requestId = (refused as Record<string, unknown>).request_id;
      assert.deepEqual(withoutTickets(refused), { ...JSON.parse(shown), request_id: requestId });
      await connectAs('alice', 'ann', 'ann-pw');
      await connectAs('bob', 'ben', 'ben-pw');
      assert.equal(await guide.ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/notes/whoami'), 'alice');
      const status = await guide.ask('curl -u "ann:$ANN_PASSWORD" http://localhost:8000/oauth/notes/status');
      assert.equal((status as Record<string, unknown>).state, 'connected');
      assert.deepEqual(
        await guide.ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/oauth/notes/disconnect'),
        { server: 'notes', disconnected: true, revoked: true },
      );
      assert.equal(guide.as.grantsOf('bob'), 1, 'the other person is left alone');

      // The link of a program, opened in a browser that nobody knows.
      const { authorize_url: link } = refused as { authorize_url: string };
      const { ended } = await new ChatUser(guide.home, {}).follow(link, 'alice');
      const [code = ''] = CODE.exec(ended) ?? [];
      const answer = await guide.ask('curl -u "ann:$ANN_PASSWORD" http://localhost:8000/notes/connect_notes', code);
      assert.equal(answer, 'Connected at "notes" for ann. Go on.');
    });
  });

  it('an access token: made by its person, used by a script, and revoked', () =>
    guide.serving('latchkey --config config.yaml', async () => {
      const call = 'curl -H "Authorization: Bearer $ANN_TOKEN" -X POST http://localhost:8000/notes/whoami';
      // She is connected still, from before.
      const browser = await signInAs('ann', 'ann-pw');
      const shown = await submit(browser, '/login/tokens', { name: 'script', days: '90' });
      Object.assign(guide.place.env, { ANN_TOKEN: /lk_[\w-]{43}/.exec(shown)?.[0] });
      assert.equal(await guide.ask(call), 'alice');
      const page = await (await browser.fetch(`${guide.home}/`)).text();
      const [, token = ''] = /name="token" value="([^"]+)"/.exec(page) ?? [];
      await submit(browser, '/login/tokens/revoke', { token });
      const [, refused = ''] = guide.blocks('json');
      assert.deepEqual(await guide.ask(call), JSON.parse(refused));
    }));

  it('one server without a file: nothing waits, and the log has the address', () =>
    guide.serving('latchkey --oauth -- ', async () => {
      const response = await fetch(`${guide.home}/whoami`, { method: 'POST' });
      const { error, authorize_url: address } = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([error, address], ['authorization_required', `${guide.home}/oauth/default/authorize`]);
    }));

  it('behind a proxy: addresses and cookies follow the public URL', () =>
    guide.serving('latchkey --config config.yaml --public-url', async () => {
      const authorization = `Basic ${btoa('ann:ann-pw')}`;
      const response = await fetch(`${guide.home}/oauth/notes/status`, { headers: { authorization } });
      const { authorize_url: address } = (await response.json()) as Record<string, unknown>;
      assert.equal(address, 'https://tools.example.com/oauth/notes/authorize');
      const form = await fetch(`${guide.home}/login`);
      assert.match(form.headers.get('set-cookie') ?? '', /; Secure/);
    }));

  it('a secret that is long enough', () => {
    assert.ok(guide.run('openssl rand -base64 32').trim().length >= 32, 'at least 32 bytes');
  });

  it('none is left out, and every other block is a configuration that is valid', () => {
    guide.checkConfigurations();
    assert.deepEqual(guide.left(), []);
  });
});
