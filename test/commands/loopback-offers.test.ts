/** When a login that one person makes for all callers is asked for, how it is told, and when it is not. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { mcpoTokenFile } from '../../src/config/oauth.ts';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import { CallScope } from '../../src/upstream/call-scope.ts';
import { configuration } from '../helpers/configs.ts';
import { emptyHome } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';
import { signInAsMcpo } from '../oauth/mcpo-login.ts';
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
    const call = desk.server('notes').call(tool, {}, { principalId: 'anybody', isOnePerson: false }, scope, []);
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

  it('is followed where another process makes it anew', async (t) => {
    const { notes } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes)]);
    await opened(desk);
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    await connectByPage(desk, 'notes', false);
    await isReady(desk, 'notes');
    assert.equal(desk.told(/login is needed/).length, 1);
  });

  it('is asked for, without end or haste, where the server refuses what was granted', async (t) => {
    const { notes } = await startTown(t);
    const desk = await startDesk(t, [singleUser('notes', notes)], { waitMs: 300 });
    await opened(desk);
    await connectByPage(desk, 'notes');
    await isReady(desk, 'notes');
    notes.behave = (request, response) => {
      if (request.headers.authorization === undefined) return false;
      const challenge = 'Bearer error="insufficient_scope", scope="notes:read"';
      response.writeHead(403, { 'www-authenticate': challenge }).end();
      return true;
    };
    await connectByPage(desk, 'notes');
    await until(() => desk.told(/nobody has finished/).length === 1);
    const asked = notes.seen.length;
    assert.ok(asked < 20, `${asked} requests`);
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
