/** Where the secret comes from, and how a wrong one is found at start. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { ConfigError, type Problem } from '../../src/config/model.ts';
import { openStores, openStoresOrMemory } from '../../src/storage/open.ts';
import { CollectedLog } from './collected-log.ts';

const ONE = 'one '.repeat(10).trim();
const TWO = 'two '.repeat(10).trim();

const folder = mkdtempSync(join(tmpdir(), 'latchkey-open-'));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

describe('openStores', () => {
  let file: string;
  let keyFile: string;
  beforeEach(() => {
    const own = join(folder, `${++folders}`);
    mkdirSync(own);
    file = join(own, 'latchkey.db');
    keyFile = `${file}.key`;
  });

  /** Writes or reads one sealed value. */
  async function run(env: Record<string, string>, write?: string): Promise<unknown> {
    const stores = await openStores(`sqlite:${file}`, env, new CollectedLog());
    try {
      if (write !== undefined) await stores.sealed.table('grants').set('alice', write);
      return await stores.sealed.table('grants').get('alice');
    } finally {
      await stores.close();
    }
  }

  async function problemOf(env: Record<string, string>): Promise<Problem> {
    const error = await run(env).then(
      () => assert.fail('it started'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.problems.length, 1);
    for (const secret of [...Object.values(env), ONE, TWO]) {
      if (secret !== '') assert.ok(!error.message.includes(secret), 'no secret is told');
    }
    return error.problems[0] as Problem;
  }

  it('makes a key file that this user alone can read, once', async () => {
    assert.equal(await run({}, 'x'), 'x');
    assert.equal(statSync(keyFile).mode & 0o777, 0o600);
    const key = readFileSync(keyFile, 'utf8');
    assert.match(key, /^[\w-]{43}\n$/);
    assert.equal(await run({}), 'x');
    assert.equal(readFileSync(keyFile, 'utf8'), key);
    assert.deepEqual(
      readdirSync(join(keyFile, '..')).filter((name) => !/\.db(-wal|-shm|\.key)?$/.test(name)),
      [],
    );
  });

  it('keeps others from reading a key file that was there', async () => {
    await run({}, 'x');
    chmodSync(keyFile, 0o644);
    assert.equal(await run({}), 'x');
    assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  });

  it('takes the content of the key file as LATCHKEY_SECRET', async () => {
    await run({}, 'x');
    assert.equal(await run({ LATCHKEY_SECRET: readFileSync(keyFile, 'utf8').trim() }), 'x');
  });

  it('makes no key file where LATCHKEY_SECRET is set or the store is in memory', async () => {
    await run({ LATCHKEY_SECRET: ONE }, 'x');
    assert.equal(existsSync(keyFile), false);
    const stores = await openStores('memory', {}, new CollectedLog());
    await stores.sealed.table('grants').set('a', 1);
    assert.equal(await stores.sealed.table('grants').get('a'), 1);
    await stores.close();
  });

  it('seals in the sealed store alone', async () => {
    const stores = await openStores('memory', {}, new CollectedLog());
    await stores.plain.table('catalogs').set('a', 'open');
    await stores.sealed.table('grants').set('a', 'hidden');
    assert.equal(await stores.plain.table('catalogs').get('a'), 'open');
    assert.doesNotMatch(String(await stores.plain.table('grants').get('a')), /hidden/);
    await stores.close();
  });

  it('refuses a key file that holds something else, is no file, or is gone from a sealed database', async () => {
    await run({}, 'x');
    writeFileSync(keyFile, 'short\n');
    assert.deepEqual(pick(await problemOf({})), [keyFile, '', 'does not hold a key of this gateway']);
    writeFileSync(keyFile, '');
    assert.equal((await problemOf({})).message, 'does not hold a key of this gateway');
    rmSync(keyFile);
    assert.deepEqual(pick(await problemOf({})), [keyFile, '', 'is missing']);
    assert.equal(existsSync(keyFile), false, 'no other key stands where the lost one is to be restored');
    mkdirSync(keyFile);
    assert.equal((await problemOf({})).message, 'is not a file');
  });

  it('refuses secrets that are short, or that a copy has spoilt', async () => {
    const wrong: [string, RegExp][] = [
      ['', /has 0 bytes, and at least 32/],
      ['x'.repeat(31), /has 31 bytes, and at least 32/],
      [`${ONE}\n`, /ends with a line break/],
      [` ${ONE}`, /begins or ends with white space/],
      [`${ONE},`, /holds a comma/],
    ];
    for (const [secret, message] of wrong) {
      const problem = await problemOf({ LATCHKEY_SECRET: secret });
      assert.deepEqual([problem.file, problem.path], ['environment', 'LATCHKEY_SECRET']);
      assert.match(problem.message, message);
    }
    const short = await problemOf({ LATCHKEY_SECRET: 'short' });
    assert.match(short.remedy ?? '', /openssl rand -base64 32/);
    const previous = await problemOf({ LATCHKEY_SECRET: ONE, LATCHKEY_SECRET_PREVIOUS: `${TWO},short` });
    assert.equal(previous.path, 'LATCHKEY_SECRET_PREVIOUS');
    await run({ LATCHKEY_SECRET: 'é'.repeat(16) });
  });

  it('finds a wrong secret at start, and leaves everything to the right one', async () => {
    await run({ LATCHKEY_SECRET: ONE }, 'x');
    const problem = await problemOf({ LATCHKEY_SECRET: TWO });
    assert.deepEqual([problem.file, problem.path], ['environment', 'LATCHKEY_SECRET']);
    assert.match(`${problem.message} ${problem.remedy}`, /sealed with.*LATCHKEY_SECRET_PREVIOUS/);
    assert.deepEqual(pick(await problemOf({})), [keyFile, '', 'is missing']);
    assert.equal(await run({ LATCHKEY_SECRET: ONE }), 'x');
  });

  it('finds a key file of another database', async () => {
    await run({}, 'x');
    writeFileSync(keyFile, `${'A'.repeat(43)}\n`);
    const problem = await problemOf({});
    assert.equal(problem.file, keyFile);
    assert.match(`${problem.message} ${problem.remedy}`, /sealed with.*restore it/);
  });

  it('moves on to a new secret while the old one is named, and then without it', async () => {
    await run({ LATCHKEY_SECRET: ONE }, 'x');
    assert.equal(await run({ LATCHKEY_SECRET: TWO, LATCHKEY_SECRET_PREVIOUS: `${'z'.repeat(40)}, ${ONE},` }), 'x');
    assert.equal(await run({ LATCHKEY_SECRET: TWO }), undefined, 'starts; what was not written since is not readable');
    await problemOf({ LATCHKEY_SECRET: ONE });
    assert.equal(await run({ LATCHKEY_SECRET: ONE, LATCHKEY_SECRET_PREVIOUS: TWO }), 'x', 'and back');
  });

  it('says that a store cannot be opened', async () => {
    mkdirSync(file);
    const problem = await problemOf({});
    assert.deepEqual([problem.file, problem.path], ['settings', 'store']);
    assert.match(problem.message, /is not a file/);
  });

  it('where memory will do takes that instead of a file that cannot be opened, and of no other', async () => {
    const open = (env: Record<string, string>) => openStoresOrMemory(`sqlite:${file}`, env, new CollectedLog());
    const kept = await open({ LATCHKEY_SECRET: ONE });
    assert.equal(kept.warning, undefined);
    await kept.sealed.table('grants').set('a', 1);
    await kept.close();
    assert.equal(await run({ LATCHKEY_SECRET: ONE }), undefined);
    await assert.rejects(open({ LATCHKEY_SECRET: TWO }), ConfigError);
    rmSync(file);
    mkdirSync(file);
    const { warning, sealed, close } = await open({});
    assert.match(warning?.message ?? '', /is not a file; tool lists, sign-ins and access tokens are forgotten/);
    await sealed.table('grants').set('a', 1);
    assert.equal(await sealed.table('grants').get('a'), 1);
    await close();
    await assert.rejects(open({ LATCHKEY_SECRET: 'short' }), ConfigError);
  });
});

function pick({ file, path, message }: Problem): string[] {
  return [file, path, message];
}
