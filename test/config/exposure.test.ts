import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkExposure, type Reach } from '../../src/config/exposure.ts';
import { describeProblem } from '../../src/config/model.ts';
import { singleConfiguration } from '../../src/config/single.ts';
import { load } from './helper.ts';

const url = 'https://mcp.example.org/mcp';
const one = { url, oauth: { multi_user: false } };
const each = { url, oauth: true };
const none = { url };

const REACH: Reach = {
  host: '0.0.0.0',
  publicUrl: new URL('https://tools.example.org'),
  publicUrlGiven: true,
  insecureOpen: false,
  source: { kind: 'file', path: '/srv/config.json' },
};

function judge(entries: Readonly<Record<string, object>>, reach: Partial<Reach> = {}) {
  const found = checkExposure({ ...REACH, ...reach }, load({ mcpServers: entries }));
  return { problems: found.problems.map(describeProblem), warnings: found.warnings.map(describeProblem) };
}

describe('one login for all', () => {
  test('is refused where anyone could use it, each server by name', () => {
    assert.deepEqual(judge({ one, each, none, two: one }).problems, [
      "/srv/config.json: mcpServers.one.oauth: anyone who reaches 0.0.0.0 could use the one login of 'one' " +
        '(set --api-key, or multi_user: true, or say --insecure-open if that is meant)',
      "/srv/config.json: mcpServers.two.oauth: anyone who reaches 0.0.0.0 could use the one login of 'two' " +
        '(set --api-key, or multi_user: true, or say --insecure-open if that is meant)',
    ]);
    for (const host of ['::', '10.0.0.1', 'tools.example.org', '0.0.0.0']) {
      assert.equal(judge({ one }, { host }).problems.length, 1, host);
    }
  });

  test('is refused for a single server too, with what can be done there', () => {
    const source = { kind: 'single', command: [url], oauth: true } as const;
    const { problems } = checkExposure({ ...REACH, source }, singleConfiguration(source));
    assert.deepEqual(problems.map(describeProblem), [
      "command line: --oauth: anyone who reaches 0.0.0.0 could use the one login of 'default' " +
        '(set --api-key, or say --insecure-open if that is meant)',
    ]);
  });

  test('is allowed on this machine alone, with an authenticator, or when it is meant', () => {
    for (const host of ['127.0.0.1', '::1', 'localhost', '127.1.2.3']) {
      assert.deepEqual(judge({ one }, { host }).problems, [], host);
    }
    assert.deepEqual(judge({ one }, { apiKey: 'key' }).problems, []);
    assert.deepEqual(judge({ one }, { auth: { basic: [], bearer: ['t'] } }).problems, []);
    assert.deepEqual(judge({ one }, { insecureOpen: true }).problems, []);
  });
});

describe('a login of each person', () => {
  const made = { publicUrlGiven: false, publicUrl: new URL('http://localhost:8000') };

  test('is no problem in the open', () => {
    assert.deepEqual(judge({ each }), { problems: [], warnings: [] });
  });

  test('cannot be finished from elsewhere without a public URL', () => {
    const people = { auth: { basic: [], bearer: ['token'] } };
    assert.deepEqual(judge({ each, one }, { ...made, ...people }).warnings, [
      'command line: --public-url: people elsewhere cannot finish a login: their browser is sent back to localhost ' +
        '(set it to the address that they open, like https://tools.example.org)',
    ]);
    assert.deepEqual(judge({ each }, { ...made, host: '127.0.0.1' }).warnings, []);
    assert.deepEqual(judge({ one }, { ...made, apiKey: 'key' }).warnings, []);
    assert.deepEqual(judge({ none }, made).warnings, []);
  });

  test('is of no use to programs that have nothing but the key', () => {
    const warned = (servers: Parameters<typeof judge>[0], more: object = {}) =>
      judge(servers, { apiKey: 'key', ...more }).warnings.map((text) => text.split(': ')[1]);
    assert.deepEqual(warned({ each }), ['--api-key']);
    assert.deepEqual(warned({ one }), []);
    assert.deepEqual(warned({ each }, { auth: { basic: [], bearer: ['token'] } }), []);
  });
});

describe('a public URL in plain http', () => {
  const auth = { basic: [], bearer: ['token'] };
  const plain = { publicUrl: new URL('http://tools.example.org:8000'), auth };

  test('is pointed out with logins of either kind, and only then', () => {
    for (const entry of [one, each]) {
      assert.deepEqual(judge({ entry }, plain).warnings, [
        'command line: --public-url: http://tools.example.org:8000 is plain http: others on the way can read cookies ' +
          'and take over logins (serve https, with --ssl-certfile or a proxy in front)',
      ]);
    }
    assert.deepEqual(judge({ none }, plain).warnings, []);
  });

  test('is fine on this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.deepEqual(judge({ one }, { ...plain, publicUrl: new URL(`http://${host}:8000`) }).warnings, [], host);
    }
  });
});
