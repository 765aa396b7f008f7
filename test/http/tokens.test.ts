/** Access tokens over HTTP: how a person makes and revokes them, what they let a program do, and what ends them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, mock } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { McpSession } from '../helpers/mcp-session.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { REFUSED, whoami } from './callers.ts';
import { grantFor } from './grant-for.ts';
import { Chat, signedInToOpenWebui, startNeighbourStory } from './hand-off-story.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { continueAs, offerIn } from './open-webui-sign-in.ts';
import { bearerOf, listedTokens, makeToken, revokeToken, tokenIn, wish } from './token-forms.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const KEYS = accounts('ann', 'ben');

describe('an access token', () => {
  it('lets a program call with the account that its person has connected, and read what is theirs', async (t) => {
    const story = await startStory(t, { keys: KEYS });
    const { app } = story;
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    await ben.signIn('ben');
    const [anns, bens] = [bearerOf(await makeToken(ann)), bearerOf(await makeToken(ben))];
    assert.equal(await whoami(story, anns), 'alice');
    assert.deepEqual(await whoami(story, bens), [401, 'authorization_required']);
    const status = (await (await app.get('/oauth/notes/status', anns)).json()) as Record<string, unknown>;
    assert.deepEqual([status.state, status.user_id], ['connected', 'ann...']);
    for (const path of ['/notes/openapi.json', '/openapi.json']) {
      const { paths } = (await (await app.get(path, anns)).json()) as { paths: object };
      assert.ok(
        Object.keys(paths).some((one) => one.endsWith('/whoami')),
        path,
      );
    }
    const home = (await (await app.get('/', anns)).json()) as { servers: { connection: { state: string } }[] };
    assert.equal(home.servers[0]?.connection.state, 'connected');
    const answer = await app.post('/notes/connect_notes', {}, bens);
    assert.match(JSON.stringify(await answer.json()), /authorize\?ticket=/);
  });

  it('opens an MCP session of its person at every address that the page shows, for as long as it counts', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    const token = bearerOf(await makeToken(ann));
    const shown = (await (await app.get('/', token)).json()) as { mcp_url: string; servers: { mcp_url: string }[] };
    const whoamis = [
      [shown.mcp_url, 'notes__whoami'],
      [shown.servers[0]?.mcp_url ?? '', 'whoami'],
    ] as const;
    for (const [url, name] of whoamis) {
      const session = await McpSession.open(url, { headers: token });
      assert.match(JSON.stringify(await session.result('tools/call', { name, arguments: {} })), /alice/, url);
      assert.equal((await new McpSession(url).ask('initialize')).status, 401, 'without it');
    }
    await revokeToken(ann, (await listedTokens(ann)).get('laptop') ?? '');
    for (const [url] of whoamis) {
      assert.equal((await new McpSession(url, token).ask('initialize')).status, 401, url);
    }
  });

  it('is shown this once, and kept by nobody on the way', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    const answer = await wish(ann, 'My <b>laptop</b>');
    const token = tokenIn(answer);
    assert.ok(token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'private, no-store');
    assert.equal(answer.headers.location, undefined);
    assert.match(answer.body, /My &lt;b&gt;laptop&lt;\/b&gt;/);
    const again = await ann.go('/login/tokens');
    assert.deepEqual([again.status, again.headers.location], [303, '/']);
    const repeated = await wish(ann, 'My <b>laptop</b>');
    assert.deepEqual(coded(repeated), [409, 'bad_request'], 'the page was loaded again');
    assert.match(repeated.body, /<h1>latchkey<\/h1>[\s\S]*You have a token/);
    assert.doesNotMatch(repeated.body, /lk_/);
    assert.deepEqual([...(await listedTokens(ann)).keys()], ['My &lt;b&gt;laptop&lt;/b&gt;']);
    await app.post('/notes/whoami', {}, bearerOf(token));
    await app.post('/notes/whoami', {}, bearerOf(`${token}x`));
    assert.doesNotMatch(JSON.stringify(app.records), /lk_/);
    assert.doesNotMatch((await ann.go('/')).body, /lk_/);
  });

  it('can be revoked by its person, at once; the others go on', async (t) => {
    const story = await startStory(t, { keys: KEYS });
    const [ann, ben] = [new Person(story.app), new Person(story.app)];
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    await ben.signIn('ben');
    const [laptop, server] = [bearerOf(await makeToken(ann, 'laptop')), bearerOf(await makeToken(ann, 'server'))];
    assert.equal(await whoami(story, laptop), 'alice');
    const id = (await listedTokens(ann)).get('laptop') ?? '';
    await revokeToken(ben, id);
    assert.deepEqual([...(await listedTokens(ann)).keys()], ['laptop', 'server'], 'not by another person');
    const answer = await revokeToken(ann, id);
    assert.equal(answer.status, 200);
    assert.match(answer.body, /The access token &quot;laptop&quot; is revoked\./);
    assert.deepEqual(await whoami(story, laptop), REFUSED);
    assert.equal(await whoami(story, server), 'alice');
    assert.match((await revokeToken(ann, id)).body, /is revoked already/);
  });

  it('tells its person when it was last used, and when it expires', async (t) => {
    const { app } = await startStory(t, { keys: KEYS });
    const ann = new Person(app);
    await ann.signIn('ann');
    const token = await makeToken(ann, 'laptop', '7');
    assert.match((await ann.go('/')).body, /never used · expires <time[^>]*>[^<]*<\/time> \(in 7 days\)/);
    await app.get('/oauth/notes/status', bearerOf(token));
    assert.match((await ann.go('/')).body, /last used \d{1,2} \w+ \d{4} ·/);
  });

  it('is looked at wherever it is shown: a wrong one is refused where nobody need be anybody', async (t) => {
    const open = await startStory(t);
    const keyed = await startStory(t, { argv: ['--api-key', 'key-of-the-gateway'] });
    const wrong = bearerOf(`lk_${'A'.repeat(43)}`);
    for (const { app } of [open, keyed]) {
      for (const path of ['/', '/openapi.json', '/notes/openapi.json', '/oauth/notes/status']) {
        const answer = await app.get(path, wrong);
        assert.deepEqual([answer.status, answer.headers.get('x-latchkey-error')], REFUSED, path);
        assert.match(await answer.text(), /Make a new one on the page of this gateway/);
      }
      for (const path of ['/healthz', '/assets/latchkey.css']) assert.equal((await app.get(path, wrong)).status, 200);
    }
    assert.doesNotMatch((await new Person(open.app).go('/')).body, /Access tokens/);
  });

  it('that is wrong counts as a guess; a right one goes on', async (t) => {
    const story = await startStory(t, { keys: KEYS });
    const ann = new Person(story.app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    const right = bearerOf(await makeToken(ann));
    const statuses: unknown[] = [];
    for (let guess = 0; guess < 22; guess += 1) {
      const wrong = guess % 2 === 0 ? `lk_${String(guess).padStart(43, 'A')}` : `lk_looks.like.a${guess}`;
      statuses.push(await whoami(story, bearerOf(wrong)));
    }
    assert.deepEqual(statuses[0], REFUSED);
    assert.deepEqual(statuses.at(-1), [429, 'too_many_attempts']);
    assert.equal(await whoami(story, right), 'alice');
  });

  it('ends by itself, and says so', async (t) => {
    const story = await startStory(t, { keys: KEYS });
    const ann = new Person(story.app);
    await ann.signIn('ann');
    const token = bearerOf(await makeToken(ann, 'laptop', '7'));
    assert.deepEqual(await whoami(story, token), [401, 'authorization_required']);
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 7 * DAY_MS });
    t.after(() => mock.timers.reset());
    assert.deepEqual(await whoami(story, token), [401, 'token_expired']);
  });

  it('ends with the password of its person, and with their account', async (t) => {
    const { notes } = await startProvider(t);
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-tokens-'));
    t.after(() => rm(folder, { recursive: true }));
    const start = (...users: readonly [string, string][]) => {
      const credentials = users.map(([username, password]) => ({ username, password }));
      const argv = ['--store', `sqlite:${join(folder, 'store.db')}`, '--api-key', 'key-of-the-gateway'];
      const keys = { auth: { basic: { enabled: true, credentials } } };
      return startApp({ mcpServers: { notes: protectedEntry(notes) }, keys, argv });
    };
    const before = await start(['ann', 'ann-pw'], ['ben', 'ben-pw'], ['cem', 'cem-pw']);
    const tokens: string[] = [];
    for (const name of ['ann', 'ben', 'cem']) {
      const person = new Person(before);
      await person.signIn(name);
      tokens.push(await makeToken(person));
    }
    await before.close();
    const after = await start(['ann', 'ann-pw'], ['ben', 'another']);
    t.after(() => after.close());
    const known = tokens.map(async (token) => {
      const answer = await after.get('/oauth/notes/status', bearerOf(token));
      return [answer.status, answer.headers.get('x-latchkey-error')];
    });
    assert.deepEqual(await Promise.all(known), [[200, null], REFUSED, REFUSED]);
  });

  it('of a user of Open WebUI is that user', async (t) => {
    const story = await startNeighbourStory(t);
    const browser = new Person(story.app);
    await continueAs(browser, 'ann-0001');
    await browser.connect({ user: 'alice' });
    const token = bearerOf(await makeToken(browser));
    assert.equal(await whoami(story, token), 'alice');
    assert.equal(await new Chat(story.app, 'ann-0001').whoami(), 'alice');
  });

  it('of an account counts at a server with a secret of its own, one of a user of Open WebUI does not', async (t) => {
    const own = { webui_secret_key: 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF' };
    const keys = { ...KEYS, webui_secret_key: WEBUI_SECRET, open_webui: { url: 'http://localhost:8080' } };
    const story = await startStory(t, { keys, oauth: own });
    await grantFor(story.app, 'basic:ann', { user: 'alice' });
    await grantFor(story.app, 'openwebui:ann-0001', { user: 'bob' });
    const [ann, browser] = [new Person(story.app), new Person(story.app)];
    await ann.signIn('ann');
    await signedInToOpenWebui(browser, 'ann-0001');
    assert.equal((await browser.submit('/login', offerIn(await browser.go('/login')) ?? {})).status, 303);
    assert.equal(await whoami(story, bearerOf(await makeToken(ann))), 'alice');
    const token = bearerOf(await makeToken(browser));
    for (let call = 0; call < 25; call += 1) {
      assert.deepEqual(await whoami(story, token), [401, 'missing_credentials'], 'no guess, so never 429');
    }
    const home = (await (await story.app.get('/', token)).json()) as { servers: { connection: { state: string } }[] };
    assert.equal(home.servers[0]?.connection.state, 'sign-in-first', 'and says nothing of the rest');
  });
});
