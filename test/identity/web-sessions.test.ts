/** Browser sessions on the stores they really live in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import { type Principal, visitorPrincipal } from '../../src/identity/principal.ts';
import { type SessionRecord, WebSessions } from '../../src/identity/web-sessions.ts';
import { openStores, type Stores } from '../../src/storage/open.ts';
import type { Table } from '../../src/storage/store.ts';
import { CollectedLog } from '../storage/collected-log.ts';

const MINUTE = 60_000;
const IDLE = 30 * MINUTE;
const LONGEST = 600 * MINUTE;
const ALICE: Principal = { id: 'basic:alice', via: 'basic', label: 'alice' };

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sessions-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

describe('visitorPrincipal', () => {
  it('names the browser', () => {
    assert.deepEqual(visitorPrincipal('1-2'), { id: 'visitor:1-2', via: 'session', label: 'this browser' });
  });
});

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`web sessions in ${kind}`, () => {
    let stores: Stores;
    let table: Table<SessionRecord>;
    let sessions: WebSessions;
    let file: string;
    beforeEach(async () => {
      file = join(folder, `${++files}.db`);
      stores = await openStores(kind === 'memory' ? kind : `sqlite:${file}`, {}, new CollectedLog());
      table = stores.sealed.table('sessions');
      sessions = new WebSessions(table, { idleMs: IDLE, longestMs: LONGEST });
      mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    });
    afterEach(async () => {
      mock.timers.reset();
      await stores.close();
    });

    it('opens what was created, and nothing else', async () => {
      const { id, session } = await sessions.create();
      assert.match(id, /^[\w-]{43}$/);
      assert.match(session.visitor, /^[0-9a-f-]{36}$/);
      assert.match(session.csrf, /^[\w-]{43}$/);
      assert.deepEqual([session.proof, session.principal, session.visited], [undefined, undefined, []]);
      assert.equal(session.createdAt, 1_000_000);
      assert.deepEqual(await sessions.open(id), session);
      const other = await sessions.create();
      for (const name of ['visitor', 'csrf'] as const) assert.notEqual(other.session[name], session[name]);
      assert.equal(await sessions.open('A'.repeat(43)), undefined);
    });

    it('asks the store for no malformed id', async () => {
      const asked = new WebSessions(new Proxy(table, { get: () => assert.fail('the store was asked') }), {
        idleMs: IDLE,
        longestMs: LONGEST,
      });
      for (const id of [
        '',
        'A'.repeat(42),
        'A'.repeat(44),
        `${'A'.repeat(42)}=`,
        `${'A'.repeat(42)}\n`,
        '../'.repeat(15),
      ]) {
        assert.equal(await asked.open(id), undefined);
        assert.equal(await asked.rotate(id), undefined);
        assert.equal(await asked.change(id, (session) => session), undefined);
        await asked.destroy(id);
      }
    });

    it('leaves neither id nor content in the store', async () => {
      const { id, session } = await sessions.create();
      assert.equal(await table.get(id), undefined, 'the key is no id');
      if (kind === 'memory') return;
      const bytes = [file, `${file}-wal`].map((name) => readFileSync(name, 'latin1')).join('');
      assert.match(bytes, /sessions:/);
      for (const secret of [id, session.csrf, session.visitor]) assert.ok(!bytes.includes(secret));
    });

    it('lives on while it is used, and ends when nobody has used it', async () => {
      const { id } = await sessions.create();
      for (let count = 0; count < 5; count += 1) {
        mock.timers.tick(IDLE - 1);
        assert.ok(await sessions.open(id));
      }
      mock.timers.tick(IDLE);
      assert.equal(await sessions.open(id), undefined);
    });

    it('writes at most once a minute when it is only opened', async () => {
      const { id } = await sessions.create();
      const key = createHash('sha256').update(id).digest('base64url');
      const stamp = async () => (await table.read(key))?.stamp;
      const first = await stamp();
      assert.ok(first);
      mock.timers.tick(MINUTE - 1);
      await sessions.open(id);
      assert.equal(await stamp(), first);
      mock.timers.tick(1);
      await sessions.open(id);
      const second = await stamp();
      assert.notEqual(second, first);
      await sessions.open(id);
      assert.equal(await stamp(), second);
    });

    it('slides in time even where the idle time is short', async () => {
      const short = new WebSessions(table, { idleMs: MINUTE, longestMs: LONGEST });
      const { id } = await short.create();
      for (let count = 0; count < 6; count += 1) {
        mock.timers.tick(MINUTE - 20_000);
        assert.ok(await short.open(id));
      }
    });

    it('ends after the longest time, however much it was used, changed or moved', async () => {
      let { id } = await sessions.create();
      for (let minutes = 0; minutes < 580; minutes += 20) {
        mock.timers.tick(20 * MINUTE);
        assert.ok(await sessions.change(id, (session) => ({ ...session, createdAt: Date.now() })));
        const rotated = await sessions.rotate(id);
        assert.ok(rotated);
        ({ id } = rotated);
      }
      mock.timers.tick(20 * MINUTE - 1);
      assert.ok(await sessions.open(id));
      mock.timers.tick(1);
      assert.equal(await sessions.open(id), undefined);
      assert.equal(await sessions.rotate(id), undefined);
    });

    it('obeys a shorter longest time that was configured since', async () => {
      const { id } = await sessions.create();
      const stricter = new WebSessions(table, { idleMs: IDLE, longestMs: MINUTE });
      mock.timers.tick(MINUTE);
      assert.equal(await stricter.open(id), undefined);
      assert.equal(await stricter.change(id, (session) => session), undefined);
      assert.equal(await stricter.rotate(id), undefined);
    });

    it('changes under the same id, and loses no change of many at once', async () => {
      const { id, session } = await sessions.create();
      const servers = Array.from({ length: 50 }, (_, number) => `server-${number}`);
      const visit = (server: string) => sessions.change(id, (now) => ({ ...now, visited: [...now.visited, server] }));
      await Promise.all(servers.map(visit));
      const after_ = await sessions.open(id);
      assert.deepEqual([...(after_?.visited ?? [])].sort(), servers.sort());
      assert.deepEqual({ ...after_, visited: [] }, session);
      const moved = await sessions.change(id, (now) => ({ ...now, visitor: 'somebody else' }));
      assert.equal(moved?.visitor, session.visitor, 'the browser stays the same one');
    });

    it('moves to a new id, and the old one is dead at once', async () => {
      const planted = await sessions.create();
      const moved = await sessions.rotate(planted.id, { ...planted.session, principal: ALICE, proof: 'key' });
      assert.ok(moved);
      assert.notEqual(moved.id, planted.id);
      assert.equal(await sessions.open(planted.id), undefined);
      assert.equal(await sessions.change(planted.id, (session) => session), undefined);
      assert.equal(await sessions.rotate(planted.id), undefined);
      const signedIn = await sessions.open(moved.id);
      assert.deepEqual(signedIn, moved.session);
      assert.deepEqual([signedIn?.principal, signedIn?.proof], [ALICE, 'key']);
      assert.equal(signedIn?.visitor, planted.session.visitor);
    });

    it('makes forms of before worthless when the rights change, and only then', async () => {
      const before = await sessions.create();
      const same = await sessions.rotate(before.id);
      assert.equal(same?.session.csrf, before.session.csrf);
      const admitted = await sessions.rotate(same?.id ?? '', { ...before.session, proof: 'key' });
      assert.notEqual(admitted?.session.csrf, before.session.csrf);
      const named = await sessions.rotate(admitted?.id ?? '', { ...before.session, proof: 'key', principal: ALICE });
      assert.notEqual(named?.session.csrf, before.session.csrf);
      assert.equal((await sessions.open(named?.id ?? ''))?.csrf, named?.session.csrf);
    });

    it('gives the new id to one of two racers', async () => {
      const { id } = await sessions.create();
      const moved = await Promise.all([sessions.rotate(id), sessions.rotate(id)]);
      assert.equal(moved.filter((one) => one !== undefined).length, 1);
    });

    it('does not come back to life under a racer that opens or changes it', async () => {
      const { id } = await sessions.create();
      mock.timers.tick(MINUTE);
      const racers = [sessions.open(id), sessions.change(id, (session) => session), sessions.destroy(id)];
      await Promise.all([...racers, sessions.open(id), sessions.change(id, (session) => session)]);
      assert.equal(await sessions.open(id), undefined);
    });

    it('is removed by a sweep once it is over', async () => {
      const { id } = await sessions.create();
      await sessions.sweep();
      assert.ok(await sessions.open(id));
      mock.timers.tick(IDLE);
      await sessions.sweep();
      assert.deepEqual(await stores.plain.table('sessions').sweep(10), []);
    });
  });
}
