/** Calls at a server where each person signs in: what a caller is told who has no grant, or one that does not suffice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { accounts, coded, Person, protectedEntry, startProvider, startStory } from './login-story.ts';
import { startGuard } from './login-story-guard.ts';
import { basic } from './raw.ts';
import { startFor } from './start-for.ts';

describe('a call without a grant', () => {
  it('is 401 with the address where to connect, for any tool name, and reaches no server', async (t) => {
    const { app, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    const authorize_url = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    for (const path of ['whoami', 'no-such-tool', 'a/b/c', 'openapi.json', 'docs', '', 'latchkey_connect']) {
      const answer = await ann.call(`/notes/${path}`);
      if (path === '') {
        assert.equal(answer.status, 404, 'no tool is named');
        continue;
      }
      assert.deepEqual(coded(answer), [401, 'authorization_required'], path);
      const { request_id, message, ...body } = JSON.parse(answer.body);
      assert.deepEqual(body, { error: 'authorization_required', authorize_url }, 'flat');
      assert.match(message, /^No account is connected at "notes"\. Ask the user to open http/);
      assert.equal(request_id, answer.headers['x-request-id']);
    }
    assert.equal(notes.seen.length, 0);
  });

  it('is identity_required for callers who may be many people', async (t) => {
    const key = 'the-key';
    const { app } = await startStory(t, { argv: ['--api-key', key], keys: accounts('ann') });
    const { app: open } = await startStory(t);
    const asKey = await app.post('/notes/whoami', {}, { authorization: `Bearer ${key}` });
    const nobody = await open.post('/notes/whoami', {});
    for (const answer of [asKey, nobody]) {
      assert.equal(answer.status, 401);
      const body = (await answer.json()) as Record<string, unknown>;
      assert.equal(body.error, 'identity_required');
      assert.match(String(body.authorize_url), /^http:\/\/localhost:\d+\/oauth\/notes\/authorize$/);
      assert.deepEqual(Object.keys(body).sort(), ['authorize_url', 'error', 'message', 'request_id']);
    }
    const ann = await app.post('/notes/whoami', {}, { authorization: basic('ann', 'ann-pw') });
    assert.equal(((await ann.json()) as { error: string }).error, 'authorization_required');
  });

  it('is not even told which servers and tools there are where a credential is asked for', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', 'the-key'] });
    for (const path of ['/notes/whoami', '/notes/no-such-tool', '/notes/connect_notes']) {
      const answer = await app.post(path, {});
      assert.deepEqual([answer.status, answer.headers.get('x-latchkey-error')], [401, 'missing_credentials'], path);
    }
  });
});

describe('a call with a grant', () => {
  it('of a tool that is not there is 404, also where somebody else has it', async (t) => {
    const { app, notes } = await startStory(t);
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.connect({ user: 'alice' });
    await ben.connect({ user: 'bob' });
    assert.equal((await ann.call('/notes/count_words')).status, 200);
    assert.deepEqual(coded(await ben.call('/notes/count_words')), [404, 'not_found'], 'only alice has this tool');
    assert.deepEqual(coded(await ann.call('/notes/no-such-tool')), [404, 'not_found']);
    assert.equal(notes.answered('count_words', 'bob').length, 0);
  });

  it("is checked against the caller's own tools", async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    assert.deepEqual(coded(await ann.call('/notes/add_note')), [422, 'invalid_arguments']);
    assert.equal((await ann.call('/notes/add_note', { text: 'x' })).status, 200);
  });

  it('that needs more rights is 403 with the way to them, and works after that', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    const refused = await ann.call('/notes/delete_all');
    assert.deepEqual(coded(refused), [403, 'insufficient_scope']);
    const body = JSON.parse(refused.body);
    assert.equal(body.scope, 'notes:write');
    assert.match(body.authorize_url, /\/oauth\/notes\/authorize$/);
    assert.equal((await ann.status()).wanted_scope, 'notes:write');
    assert.equal((await ann.call('/notes/whoami')).status, 200, 'what worked goes on working');
    const asked = (await ann.begin()).searchParams.get('scope')?.split(' ') ?? [];
    assert.ok(asked.includes('notes:read') && asked.includes('notes:write'), 'all of both');
    await ann.connect();
    assert.equal((await ann.call('/notes/delete_all')).status, 200);
    assert.equal((await ann.status()).wanted_scope, null);
  });

  it('that no login helps is 403 without an address, after two', async (t) => {
    const { app } = await startStory(t, { provider: { scopes: ['notes:read'] } });
    const ann = new Person(app);
    await ann.connect();
    const offers: boolean[] = [];
    for (let login = 0; login < 3; login += 1) {
      const refused = await ann.call('/notes/delete_all');
      assert.deepEqual(coded(refused), [403, 'insufficient_scope']);
      offers.push('authorize_url' in JSON.parse(refused.body));
      await ann.connect();
    }
    const last = await ann.call('/notes/delete_all');
    assert.equal(last.status, 403);
    offers.push('authorize_url' in JSON.parse(last.body));
    assert.deepEqual(offers, [true, true, false, false]);
  });

  it('that the server refuses for good is 401, and the person is asked to come again', async (t) => {
    const { app, as, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    as.revokeGrantsOf('alice');
    notes.refuse('alice');
    await ann.call('/notes/whoami');
    notes.refuseAll = true;
    const answer = await ann.call('/notes/whoami');
    assert.deepEqual(coded(answer), [401, 'authorization_required']);
    assert.match(JSON.parse(answer.body).message, /The sign-in at "notes" has ended/);
    assert.equal((await ann.status()).state, 'expired');
    assert.match((await ann.go('/')).body, /Connect again/);
    notes.refuseAll = false;
    await ann.connect();
    assert.equal((await ann.call('/notes/whoami')).status, 200);
  });
});

describe('connect_<server>', () => {
  it('tells each caller where they stand, and never needs a grant', async (t) => {
    const { app, as, notes } = await startStory(t, { keys: accounts('ann') });
    const ask = async (): Promise<string> => {
      const answer = await app.post('/notes/connect_notes', {}, { authorization: basic('ann', 'ann-pw') });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('cache-control'), 'private, no-store');
      return (await answer.json()) as string;
    };
    const link = `http://localhost:${app.settings.port}/oauth/notes/authorize\\?ticket=[\\w-]{43}`;
    const howTo = `Ask the user to open ${link} to connect it\\. If the page shows a code, call connect_notes with it\\.$`;
    assert.match(await ask(), new RegExp(`^No account is connected at "notes"\\. ${howTo}`));
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect();
    const another = new RegExp(
      `^Connected at "notes" for ann\\. To use another account, open ${link} in a browser\\.$`,
    );
    assert.match(await ask(), another);
    as.revokeGrantsOf('alice');
    notes.refuse('alice');
    await ann.call('/notes/whoami');
    assert.match(await ask(), new RegExp(`^The sign-in at "notes" has ended\\. ${howTo}`));
    await ann.connect();
    await ann.disconnect();
    assert.match(await ask(), /^No account is connected at "notes"/);
  });

  it('is answered for nobody in particular, where nothing is asked for', async (t) => {
    const { app } = await startStory(t);
    const answer = await app.post('/notes/connect_notes');
    assert.equal(answer.status, 200);
    assert.match((await answer.json()) as string, /does not say whose\. .* open http/);
  });

  it('answers also while the server or the provider is away', async (t) => {
    const { app, as, notes } = await startStory(t);
    const ann = new Person(app);
    await ann.connect();
    await notes.stop();
    await as.stop();
    assert.match((await ann.call('/notes/connect_notes')).body, /^"Connected /);
  });

  it('makes room for a tool of the server with its name', async (t) => {
    const { as } = await startProvider(t);
    const inner = await HttpServer.start();
    t.after(() => inner.stop());
    inner.behave = ({ message, name, reply }) => {
      if (name !== 'tools/list') return false;
      const tools = [{ name: 'connect_notes', description: 'Theirs', inputSchema: { type: 'object', properties: {} } }];
      reply(200, { jsonrpc: '2.0', id: message?.id, result: { tools } });
      return true;
    };
    const guard = await startGuard(t, as, inner.url);
    const app = await startFor(t, { mcpServers: { notes: protectedEntry(guard) } });
    const ann = new Person(app);
    await ann.go('/');
    assert.match((await ann.call('/notes/connect_notes')).body, /^"No account is connected/);
    await ann.connect();
    assert.equal((await ann.call('/notes/connect_notes')).body, '"connect_notes"', 'theirs');
    assert.match((await ann.call('/notes/latchkey_connect_notes')).body, /^"Connected /, 'ours');
    const document = JSON.parse((await ann.fetch('/notes/openapi.json')).body);
    assert.deepEqual(Object.keys(document.paths), ['/connect_notes', '/latchkey_connect_notes']);
    assert.equal(inner.record.count('connect_notes'), 1);
  });
});
