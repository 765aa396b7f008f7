/** Logins on a callback port, one after the other, in the browser that opens by itself. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import { signIn } from '../helpers/authorization-server.ts';
import { freePort } from '../helpers/free-port.ts';
import { until } from '../helpers/wait.ts';
import {
  connectByPage,
  isReady,
  opened,
  PUBLIC_BASE,
  singleUser,
  startDesk,
  startTown,
  visit,
} from './loopback-helper.ts';

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
    assert.equal(as.counts('authorization_code'), 2);
    assert.equal(desk.told(/login is needed/).length, 1, 'the second login ends nothing');
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
