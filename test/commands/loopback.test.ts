/** Logins that one person makes for all callers: one at a time, in the browser of the machine, and nothing waits for them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { mcpoTokenFile } from '../../src/config/oauth.ts';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { type AuthorizationServer, signIn, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { configuration } from '../helpers/configs.ts';
import { emptyHome } from '../helpers/process.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';
import { signInAsMcpo } from '../oauth/mcpo-login.ts';
import {
  connectByPage,
  type Desk,
  freePort,
  isReady,
  PUBLIC_BASE,
  singleUser,
  startDesk,
  visit,
} from './loopback-helper.ts';

interface Town {
  readonly as: AuthorizationServer;
  readonly notes: ProtectedServer;
  readonly more: ProtectedServer;
  readonly port: number;
}

async function startTown(t: TestContext): Promise<Town> {
  const as = await startAuthorizationServer();
  t.after(() => as.close());
  const notes = await startProtectedServer({ authorization: as });
  t.after(() => notes.close());
  const more = await startProtectedServer({ authorization: as });
  t.after(() => more.close());
  return { as, notes, more, port: await freePort() };
}

/** The address number `index` that the browser was sent to. */
async function opened(desk: Desk, index = 0): Promise<URL> {
  return until(() => desk.opened[index], 10_000, 'the browser');
}

/** Comes back to the callback port. */
function comeBack(callback: URL, port: number): ReturnType<typeof visit> {
  return visit(port, callback.pathname + callback.search);
}

describe('a login with a callback port', () => {
  it('is made in the browser that opens by itself, connects at once and frees the port', async (t) => {
    const { notes, port } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    const url = await opened(desk);
    assert.equal(url.searchParams.get('redirect_uri'), `http://localhost:${port}/callback`);
    const page = await comeBack(await signIn(url), port);
    assert.equal(page.status, 200, page.body);
    assert.match(page.body, /Connected to notes/);
    await isReady(desk, 'notes');
    await assert.rejects(visit(port, '/'), { code: 'ECONNREFUSED' });
    assert.equal(desk.opened.length, 1);
  });

  it('is not ended by a forged answer, nor twice by the true one', async (t) => {
    const { notes, port, as } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    const url = await opened(desk);
    const state = url.searchParams.get('state') ?? '';
    const forged = [`state=${state}x`, `state=${'A'.repeat(43)}`, `state=${state}&state=${state}`, 'state='];
    for (const query of forged) {
      const page = await visit(port, `/callback?code=forged&${query}`);
      assert.equal(page.status, 400, query);
      assert.match(page.body, /not under way/);
    }
    assert.equal((await visit(port, '/callback?error=access_denied')).status, 404);
    assert.equal(as.counts('token'), 0);
    const callback = await signIn(url);
    const pages = await Promise.all([comeBack(callback, port), comeBack(callback, port)]);
    assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 400]);
    await isReady(desk, 'notes');
  });

  it('says on a page and in a notice that it was denied, and is not begun again by itself', async (t) => {
    const { notes, port } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    const page = await comeBack(await signIn(await opened(desk), { decision: 'deny' }), port);
    assert.equal(page.status, 400);
    assert.match(page.body, /Access was not granted/);
    const [notice] = desk.told(/login failed/);
    assert.equal(notice?.address, `${PUBLIC_BASE}/oauth/notes/authorize`);
    await desk.gateway.loggedIn(desk.server('notes'), SHARED_OWNER);
    await until(() => desk.server('notes').state.state === 'needs-login');
    assert.equal(desk.opened.length, 1);
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    assert.equal(desk.told(/login is needed/).length, 1);
  });

  it('goes through the gateway where the port is taken, and says whose port it is', async (t) => {
    const { notes, port } = await startTown(t);
    const other = createServer().listen(port, '127.0.0.1');
    t.after(() => other.close());
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    assert.equal((await opened(desk)).href, `${PUBLIC_BASE}/oauth/notes/authorize`);
    const [notice] = desk.told(/in use/);
    assert.equal(notice?.server, 'notes');
    assert.match(notice?.message ?? '', new RegExp(`${port} is in use .*oauth\\.callback_port`));
    assert.equal(notice?.address, `${PUBLIC_BASE}/oauth/notes/authorize`);
  });

  it('may be made on the page first; whoever comes later finds a page, too', async (t) => {
    const { notes, port, as } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    const callback = await signIn(await opened(desk));
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    const page = await comeBack(callback, port);
    assert.equal(page.status, 200, page.body);
    await isReady(desk, 'notes');
    assert.ok(as.grantsOf('alice') >= 1);
  });
});

describe('logins of several servers', () => {
  it('are made one after the other, on one port', async (t) => {
    const { notes, more, port } = await startTown(t);
    const oauth = { callbackPort: port };
    const desk = await startDesk(t, [singleUser('notes', notes, oauth), singleUser('more', more, oauth)]);
    const first = await opened(desk);
    await until(() => desk.told(/login is needed/).length === 2);
    assert.equal(desk.opened.length, 1);
    assert.equal((await comeBack(await signIn(first), port)).status, 200);
    const second = await opened(desk, 1);
    assert.notEqual(first.searchParams.get('resource'), second.searchParams.get('resource'));
    assert.equal((await comeBack(await signIn(second), port)).status, 200);
    await Promise.all([isReady(desk, 'notes'), isReady(desk, 'more')]);
  });

  it('go on when nobody finishes the first, of which a notice tells how to begin again', async (t) => {
    const { notes, more, port } = await startTown(t);
    const other = await freePort();
    const servers = [
      singleUser('notes', notes, { callbackPort: port }),
      singleUser('more', more, { callbackPort: other }),
    ];
    const desk = await startDesk(t, servers, { waitMs: 300 });
    assert.equal((await opened(desk, 1)).searchParams.get('resource'), more.url.href);
    const [late] = desk.told(/nobody has finished/, 'notes');
    assert.equal(late?.address, `${PUBLIC_BASE}/oauth/notes/authorize`);
    await assert.rejects(visit(port, '/'), { code: 'ECONNREFUSED' });
    await until(() => desk.told(/nobody has finished/, 'more').length === 1);
    await until(() =>
      visit(other, '/').then(
        () => false,
        () => true,
      ),
    );
    assert.equal(desk.opened.length, 2, 'no more windows');
  });

  it('go on when the first cannot even begin', async (t) => {
    const { notes, more, port } = await startTown(t);
    await notes.stop();
    const oauth = { callbackPort: port };
    const desk = await startDesk(t, [singleUser('notes', notes, oauth), singleUser('more', more, oauth)]);
    const url = await opened(desk);
    assert.equal(url.searchParams.get('resource'), more.url.href);
    assert.equal(desk.told(/login failed/, 'notes').length, 1);
  });
});

describe('a login at a single-user server', () => {
  it('is told by the address of the gateway alone where there is neither browser nor terminal', async (t) => {
    const { notes, port, as } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })], { hasBrowser: false });
    const [notice] = await until(() => (desk.notices.length > 0 ? desk.notices : undefined));
    assert.equal(notice?.address, `${PUBLIC_BASE}/oauth/notes/authorize`);
    assert.doesNotMatch(JSON.stringify([...desk.notices, ...desk.log.lines]), /state=/);
    assert.deepEqual(desk.opened, []);
    assert.equal(as.counts('register'), 0, 'nothing is begun that nobody could end');
    await assert.rejects(visit(port, '/'), { code: 'ECONNREFUSED' });
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    assert.equal(as.counts('register'), 1);
  });

  it('shows the address of the authorization server on a terminal, and opens nothing with use_loopback off', async (t) => {
    const { notes } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { openBrowser: false })], { hasReader: true });
    const line = await until(() => desk.notices.flatMap(({ lines }) => lines).find((text) => text.includes('state=')));
    assert.equal(new URL(line).searchParams.get('redirect_uri'), `${PUBLIC_BASE}/oauth/notes/callback`);
    assert.ok(desk.notices.every(({ message, address }) => !`${message} ${address}`.includes('state=')));
    assert.deepEqual(desk.opened, []);
  });

  it('is not begun by itself after a Disconnect', async (t) => {
    const { notes } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes)]);
    await opened(desk);
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    const { guarded } = desk.server('notes');
    assert.ok(guarded);
    await desk.gateway.logins.disconnect(guarded, SHARED_OWNER);
    await until(() => desk.told(/disconnected/).length === 1);
    assert.equal(desk.opened.length, 1);
    assert.equal(desk.told(/login is needed/).length, 1);
  });

  it('is told again when the grant has ended, without one window after the other', async (t) => {
    const { as, notes } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes)], { waitMs: 300 });
    await opened(desk);
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    as.revokeGrantsOf('alice');
    notes.refuse('alice');
    notes.notes.forgetSessions();
    const tool = desk.server('notes').catalog?.tools[0];
    assert.ok(tool);
    const scope = new CallScope(10_000);
    t.after(() => scope.end());
    const call = desk.server('notes').call(tool, {}, { principalId: 'anybody' }, scope, []);
    await assert.rejects(call, { code: 'authorization_required' });
    await until(() => desk.told(/login is needed/).length === 2);
    await until(() => desk.told(/nobody has finished/).length === 1);
    assert.equal(desk.opened.length, 1);
  });

  it('is not asked for where it was made elsewhere while it waited for its turn', async (t) => {
    const { notes, more } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes), singleUser('more', more)], { waitMs: 1_000 });
    await opened(desk);
    // As another process of the same store: this one is not told.
    await connectByPage(desk, 'more', false);
    await isReady(desk, 'more');
    assert.equal(desk.told(/nobody has finished/, 'notes').length, 1);
    assert.equal(desk.opened.length, 1);
  });

  it('is over when the server is removed, and its port is free', async (t) => {
    const { notes, port } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes, { callbackPort: port })]);
    await opened(desk);
    assert.equal((await visit(port, '/')).status, 404);
    await desk.gateway.apply(configuration());
    await until(
      () =>
        visit(port, '/').then(
          () => false,
          () => true,
        ),
      10_000,
    );
    assert.deepEqual(desk.told(/nobody has finished/), []);
  });

  it('is taken over from mcpo later, where nobody could be asked at first', async (t) => {
    const { as, notes } = await startTown(t);
    const { tokens, client } = await signInAsMcpo(as, notes.url.href);
    const place = await emptyHome();
    t.after(() => place.remove());
    const file = mcpoTokenFile('notes', place.cwd);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(tokens));
    writeFileSync(file.replace('_tokens', '_client'), JSON.stringify(client));
    await as.stop();
    const desk = await startDesk(t, [singleUser('notes', notes)], { home: place.cwd, retryMs: 50 });
    await until(() => desk.told(/login is needed/).length === 1);
    await as.start();
    await isReady(desk, 'notes');
    assert.equal(as.clients(), 1);
  });
});
