/** Personal access tokens on the stores they really live in: made, listed, found, ended. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { MOST_TOKENS, PersonalTokens, type TokenHolder } from '../../src/identity/personal-tokens.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { openStores, type Stores } from '../../src/storage/open.ts';
import type { Store, Table } from '../../src/storage/store.ts';
import { CollectedLog } from '../storage/collected-log.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Noon of a day. */
const NOW = Date.UTC(2026, 0, 31, 12);
const ANN: Principal = { id: 'basic:ann', via: 'basic', label: 'ann of the house' };
const BEN: Principal = { id: 'basic:ben', via: 'basic', label: 'ben' };
const UNKNOWN = [401, 'invalid_credentials'];

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tokens-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Status and code of a refusal. */
async function refusalOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return [error.status, error.code];
  }
  return assert.fail('was not refused');
}

/** The store, with what it is asked told first. */
function watched(store: Store, onAsked: (method: string) => Promise<void> | undefined): Store {
  const table = <T>(name: string): Table<T> => {
    const inner = store.table<T>(name);
    const get: ProxyHandler<Table<T>>['get'] = (_, method) => {
      const own = inner[method as keyof Table<T>] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const answer = own.apply(inner, args);
        await onAsked(String(method));
        return answer;
      };
    };
    return new Proxy(inner, { get });
  };
  return { table, close: () => store.close() };
}

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`personal tokens in ${kind}`, () => {
    let stores: Stores;
    let tokens: PersonalTokens;
    let file: string;
    const log = new CollectedLog();
    const make = async (person = ANN, name = 'laptop', days = 90): Promise<string> =>
      (await tokens.create(person, 'proof', { name, days })).token;

    beforeEach(async () => {
      file = join(folder, `${++files}.db`);
      stores = await openStores(kind === 'memory' ? kind : `sqlite:${file}`, {}, log);
      tokens = new PersonalTokens(stores.sealed, log);
      mock.timers.enable({ apis: ['Date'], now: NOW });
    });
    afterEach(async () => {
      mock.timers.reset();
      await stores.close();
    });

    it('name the person who made them, by the same id, but for programs and without being an admin', async () => {
      const token = await make({ ...ANN, isAdmin: true });
      assert.match(token, /^lk_[A-Za-z0-9_-]{43}$/);
      assert.deepEqual(await tokens.find(token), {
        principal: { id: 'basic:ann', via: 'token', label: 'ann of the house' },
        maker: { id: 'basic:ann', via: 'basic' },
        proof: 'proof',
      });
      assert.notEqual(await make(ANN, 'other'), token);
    });

    it('are known only as a whole, and the store is not asked for what can be none', async () => {
      const token = await make();
      const asked = new PersonalTokens(
        watched(stores.sealed, () => assert.fail('the store was asked')),
        log,
      );
      const malformed = ['lk_', token.slice(0, -1), `${token}a`, `${token}=`, `${token}\n`, `lk_${'.'.repeat(43)}`];
      for (const text of malformed) assert.deepEqual(await refusalOf(() => asked.find(text)), UNKNOWN, text);
      const swapped = token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A');
      assert.deepEqual(await refusalOf(() => tokens.find(swapped)), UNKNOWN);
    });

    it('are listed to their maker alone, oldest first, and never as what lets people in', async () => {
      const token = await make();
      mock.timers.tick(1000);
      await make(ANN, '  server  ', 7);
      await make(BEN, 'desktop');
      const listed = await tokens.list(ANN.id);
      assert.deepEqual(
        listed.map(({ name, createdAt, expiresAt, usedDay }) => [name, createdAt, expiresAt, usedDay]),
        [
          ['laptop', NOW, NOW + 90 * DAY, undefined],
          ['server', NOW + 1000, NOW + 1000 + 7 * DAY, undefined],
        ],
      );
      for (const { id } of listed) {
        assert.ok(!token.includes(id));
        assert.deepEqual(await refusalOf(() => tokens.find(id)), UNKNOWN);
        assert.deepEqual(await refusalOf(() => tokens.find(`lk_${id}`)), UNKNOWN);
      }
      assert.deepEqual(await tokens.list('basic:nobody'), []);
    });

    it('are in the store neither as they are nor with the name of anybody', { skip: kind === 'memory' }, async () => {
      const token = await make();
      await tokens.find(token);
      const text = [file, `${file}-wal`].map((one) => readFileSync(one, 'latin1')).join('');
      assert.ok(text.includes('personal-tokens:'), 'the rows are there');
      for (const secret of [token, token.slice(3), 'laptop', 'ann of the house', 'basic:ann']) {
        assert.ok(!text.includes(secret), secret);
      }
    });

    it('are revoked by their maker alone, at once', async () => {
      const token = await make();
      await tokens.find(token);
      const [facts] = await tokens.list(ANN.id);
      assert.ok(facts);
      assert.equal(await tokens.revoke(BEN.id, facts.id), undefined);
      assert.equal(((await tokens.find(token)) as TokenHolder).principal.id, ANN.id);
      assert.equal(await tokens.revoke(ANN.id, facts.id), 'laptop');
      assert.deepEqual(await refusalOf(() => tokens.find(token)), UNKNOWN);
      assert.deepEqual(await tokens.list(ANN.id), []);
      assert.equal(await tokens.revoke(ANN.id, facts.id), undefined);
      assert.equal(await tokens.revoke(ANN.id, 'x'), undefined);
      await make();
      assert.equal((await tokens.list(ANN.id)).length, 1, 'its name is free again');
    });

    it('that are revoked while they are looked up are not brought back by that', async () => {
      const token = await make();
      const [facts] = await tokens.list(ANN.id);
      let revoked = false;
      const slow = new PersonalTokens(
        watched(stores.sealed, async (method) => {
          if (method !== 'read' || revoked) return;
          revoked = true;
          await slow.revoke(ANN.id, facts?.id ?? '');
        }),
        log,
      );
      await slow.find(token);
      assert.ok(revoked);
      assert.deepEqual(await refusalOf(() => slow.find(token)), UNKNOWN);
    });

    it('need the store once in ten seconds, and another process that revokes one is heard by then', async () => {
      const token = await make();
      let reads = 0;
      const counted = watched(stores.sealed, (method) => {
        if (method === 'read') reads += 1;
        return undefined;
      });
      const here = new PersonalTokens(counted, log);
      const first = here.find(token);
      assert.ok(first instanceof Promise);
      await first;
      const before = reads;
      const found = here.find(token);
      assert.ok(!(found instanceof Promise), 'at once');
      assert.equal(here.find(token), found);
      assert.equal(reads, before);
      const [facts] = await tokens.list(ANN.id);
      await tokens.revoke(ANN.id, facts?.id ?? '');
      mock.timers.tick(9_999);
      assert.equal(here.find(token), found);
      mock.timers.tick(1);
      assert.deepEqual(await refusalOf(() => here.find(token)), UNKNOWN);
    });

    it('end when their time is over, say so for a month, and leave nothing behind', async () => {
      const token = await make(ANN, 'laptop', 7);
      mock.timers.tick(7 * DAY - 1);
      await tokens.find(token);
      mock.timers.tick(1);
      assert.deepEqual(
        await refusalOf(() => tokens.find(token)),
        [401, 'token_expired'],
        'also where it was just known',
      );
      assert.deepEqual(await tokens.list(ANN.id), []);
      mock.timers.tick(30 * DAY);
      assert.deepEqual(await refusalOf(() => tokens.find(token)), UNKNOWN);
      mock.timers.tick(365 * DAY);
      await tokens.sweep();
      for (const name of ['personal-tokens', 'personal-token-lists']) {
        assert.deepEqual(await stores.plain.table(name).sweep(10), [], name);
      }
    });

    it('tell the day of their last use, which costs one write a day and brings nothing back', async () => {
      const token = await make();
      let writes = 0;
      const counted = watched(stores.sealed, (method) => {
        if (method === 'replace') writes += 1;
        return undefined;
      });
      const used = new PersonalTokens(counted, log);
      const usedDay = async (): Promise<number | undefined> => (await tokens.list(ANN.id))[0]?.usedDay;
      for (let minute = 0; minute < 5; minute += 1) {
        await used.find(token);
        mock.timers.tick(60_000);
      }
      assert.equal(await usedDay(), Date.UTC(2026, 0, 31));
      assert.equal(writes, 1);
      mock.timers.tick(DAY);
      await used.find(token);
      assert.equal(await usedDay(), Date.UTC(2026, 1, 1));
      assert.equal(writes, 2);
      mock.timers.tick(89 * DAY);
      assert.deepEqual(await refusalOf(() => used.find(token)), [401, 'token_expired'], 'use does not make it last');
    });

    it('count also where their last use cannot be noted', async () => {
      const token = await make();
      const full = watched(stores.sealed, (method) => {
        if (method === 'replace') throw new Error('disk full');
        return undefined;
      });
      const holder = await new PersonalTokens(full, log).find(token);
      assert.equal(holder.principal.id, ANN.id);
    });

    it('have a name of one line, and a lifetime that is offered', async () => {
      for (const name of ['', '   ', 'x'.repeat(61), 'a\nb', 'a\u0000b', 'a\u2028b']) {
        assert.deepEqual(await refusalOf(() => make(ANN, name)), [400, 'bad_request'], JSON.stringify(name));
      }
      for (const days of [0, -1, 1, 91, 36_500, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.deepEqual(await refusalOf(() => make(ANN, 'x', days)), [400, 'bad_request'], String(days));
      }
      assert.deepEqual(await tokens.list(ANN.id), []);
      await make(ANN, '😀'.repeat(60));
      assert.deepEqual(await refusalOf(() => make(ANN, ` ${'😀'.repeat(60)} `)), [409, 'bad_request'], 'a second one');
    });

    it('leave no row behind where they were refused', async () => {
      await make();
      for (let again = 0; again < 3; again += 1) {
        assert.deepEqual(await refusalOf(() => make()), [409, 'bad_request']);
      }
      mock.timers.tick(500 * DAY);
      assert.equal((await stores.plain.table('personal-tokens').sweep(10)).length, 1);
    });

    it('are twenty for a person at most, also where many are made at once', async () => {
      const wishes = Array.from({ length: MOST_TOKENS + 10 }, (_, index) => make(ANN, `token ${index}`));
      const made = (await Promise.allSettled(wishes)).flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      assert.equal(made.length, MOST_TOKENS);
      assert.equal((await tokens.list(ANN.id)).length, MOST_TOKENS);
      assert.deepEqual(await refusalOf(() => make(ANN, 'one more')), [409, 'bad_request']);
      await make(BEN, 'one of another person');
      const rows = made.map(async (token) => (await tokens.find(token)).principal.id);
      assert.deepEqual(new Set(await Promise.all(rows)), new Set([ANN.id]));
      const [first] = await tokens.list(ANN.id);
      await tokens.revoke(ANN.id, first?.id ?? '');
      await make(ANN, 'one more');
      mock.timers.tick(90 * DAY);
      await make(ANN, 'when the others are over');
      assert.equal((await tokens.list(ANN.id)).length, 1);
    });
  });
}
