/** Failed credentials are slowed down, and those who hold the right one are not locked out by the failures of others. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GatewayError } from '../../src/errors.ts';
import { FailureLimiter } from '../../src/identity/failure-limiter.ts';
import type { AppSetup, RunningApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { basic } from '../http/raw.ts';
import { startFor } from '../http/start-for.ts';

const KEY = 'correct horse battery';
const LIMIT = 20;

describe('FailureLimiter', () => {
  const isRefused = (limiter: FailureLimiter, key: string): number | false => {
    try {
      limiter.refuseIfExceeded(key);
      return false;
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      assert.equal(error.status, 429);
      return Number(error.headers['retry-after']);
    }
  };

  it('counts each key for itself', () => {
    const limiter = new FailureLimiter();
    for (let count = 0; count <= LIMIT; count += 1) {
      assert.equal(isRefused(limiter, 'a'), false, `after ${count}`);
      limiter.record('a');
    }
    const seconds = isRefused(limiter, 'a');
    assert.ok(seconds !== false && seconds > 0 && seconds <= 60);
    assert.equal(isRefused(limiter, 'b'), false);
  });

  it('says the same of one that was counted long ago and one that was just now: which accounts there are is no news', () => {
    let now = 1_000;
    const limiter = new FailureLimiter({ clock: { now: () => now } });
    for (const key of ['127.0.0.1 ann', '127.0.0.1 ']) {
      for (let count = 0; count <= LIMIT; count += 1) limiter.record(key);
      now += 30_000;
    }
    assert.equal(isRefused(limiter, '127.0.0.1 ann'), 60);
    now -= 30_000;
    assert.equal(isRefused(limiter, '127.0.0.1 '), 60);
  });

  it('forgets after a minute, however often it failed in between', () => {
    let now = 1_000;
    const limiter = new FailureLimiter({ clock: { now: () => now } });
    for (let count = 0; count < 100; count += 1) {
      limiter.record('a');
      now += 500;
    }
    assert.notEqual(isRefused(limiter, 'a'), false);
    now += 11_000;
    assert.equal(isRefused(limiter, 'a'), false);
  });
});

describe('failed credentials', () => {
  let server: HttpServer;
  let setup: AppSetup;
  before(async () => {
    server = await HttpServer.start();
    setup = { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } };
  });
  after(() => server.stop());

  const attempts = async (
    app: RunningApp,
    count: number,
    authorization: (index: number) => string,
  ): Promise<number[]> => {
    const statuses: number[] = [];
    for (let index = 0; index < count; index += 1) {
      statuses.push((await app.post('/time/echo', { text: 'x' }, { authorization: authorization(index) })).status);
    }
    return statuses;
  };

  it('are answered with 429 and Retry-After beyond the limit; the right key goes on working', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--api-key', KEY] });
    const statuses = await attempts(app, LIMIT + 2, (index) => `Bearer wrong-${index}`);
    assert.deepEqual([...new Set(statuses.slice(0, LIMIT))], [403]);
    assert.deepEqual(statuses.slice(LIMIT), [429, 429]);
    const refused = await app.post('/time/echo', {}, { authorization: 'Bearer wrong' });
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
    assert.equal((await app.post('/time/echo', {})).status, 401, 'no credential is no attempt');
    assert.deepEqual(await attempts(app, 1, () => `Bearer ${KEY}`), [200]);
  });

  it('make a besieged account wait, but no other', async (t) => {
    const credentials = [
      { username: 'ann', password: 'ann-secret' },
      { username: 'bob', password: 'bob-secret' },
    ];
    const app = await startFor(t, { ...setup, keys: { auth: { basic: { enabled: true, credentials } } } });
    await attempts(app, LIMIT + 1, (index) => basic('ann', `guess-${index}`));
    assert.deepEqual(await attempts(app, 1, () => basic('ann', 'ann-secret')), [429]);
    assert.deepEqual(await attempts(app, 1, () => basic('bob', 'bob-secret')), [200]);
  });

  it('cannot guess the key under a fresh user name each time', async (t) => {
    const app = await startFor(t, { ...setup, argv: ['--api-key', KEY] });
    await attempts(app, LIMIT + 1, (index) => basic(`user-${index}`, `guess-${index}`));
    assert.deepEqual(await attempts(app, 1, () => basic('one-more', KEY)), [429]);
    assert.deepEqual(await attempts(app, 1, () => `Bearer ${KEY}`), [200]);
  });

  it('count for the address that a trusted proxy names, and for no other', async (t) => {
    const from = (address: string) => ({ authorization: 'Bearer wrong', 'x-forwarded-for': address });
    const spend = async (app: RunningApp) => {
      for (let index = 0; index <= LIMIT; index += 1) await app.post('/time/echo', {}, from('203.0.113.1'));
    };
    const trusting = await startFor(t, { ...setup, argv: ['--api-key', KEY, '--trust-proxy', '127.0.0.0/8'] });
    await spend(trusting);
    assert.equal((await trusting.post('/time/echo', {}, from('203.0.113.1'))).status, 429);
    assert.equal((await trusting.post('/time/echo', {}, from('203.0.113.2'))).status, 403);
    const plain = await startFor(t, { ...setup, argv: ['--api-key', KEY] });
    await spend(plain);
    assert.equal(
      (await plain.post('/time/echo', {}, from('203.0.113.2'))).status,
      429,
      'a caller cannot choose its address',
    );
  });

  it('takes a network of IPv6 for one address, with and without an account', () => {
    const limiter = new FailureLimiter({ most: 2 });
    for (const host of ['::1', '1:2:3:4', 'ffff::']) {
      limiter.record(`2001:db8:0:7:${host === '::1' ? '0:0:0:1' : host === 'ffff::' ? 'ffff:0:0:0' : host}`);
    }
    assert.equal(limiter.isExceeded('2001:db8:0:7::99'), true);
    assert.equal(limiter.isExceeded('2001:db8:0:8::99'), false);
    assert.equal(limiter.isExceeded('2001:db8:0:7::99 ann'), false);
    for (const address of ['::1', '0:0:0:0:0:0:0:2', '::']) limiter.record(`${address} ann`);
    assert.equal(limiter.isExceeded('0::9 ann'), true);
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) limiter.record(address);
    assert.equal(limiter.isExceeded('10.0.0.1'), false);
  });
});
