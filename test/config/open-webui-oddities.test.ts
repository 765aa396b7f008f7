/** Settings for Open WebUI that are odd together: what is said of them, and at which place. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Flags } from '../../src/config/flags.ts';
import type { ConfigError } from '../../src/config/model.ts';
import { loadAll } from '../../src/settings.ts';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { flaws, KEY, settings, warnings } from './settings-helper.ts';

describe('introspection', () => {
  const introspects = (openWebui: object) => settings({}, { gateway: { openWebui } }).openWebui.introspect;

  test('is what an address without a secret is for, unless it is said', () => {
    assert.equal(introspects({ url: 'http://x' }), true);
    assert.equal(introspects({ url: 'http://x', secretKey: WEBUI_SECRET }), false);
    assert.equal(introspects({ secretKey: WEBUI_SECRET }), false);
    assert.equal(introspects({ url: 'http://x', introspect: false }), false);
    assert.equal(introspects({ url: 'http://x', secretKey: WEBUI_SECRET, introspect: true }), true);
    assert.equal(settings({ openWebuiUrl: 'http://x' }).openWebui.introspect, true);
  });

  test('needs an address', () => {
    const gateway = { openWebui: { introspect: true } };
    assert.deepEqual(flaws({}, { gateway }), [
      '/srv/c.json: open_webui.introspect: needs to know where to ask (set open_webui.url)',
    ]);
    assert.equal(settings({ openWebuiUrl: 'http://x' }, { gateway }).openWebui.introspect, true);
  });
});

describe('a secret and an address together', () => {
  const openWebui = { url: 'http://x' };

  test('are pointed out where nobody said whether to ask, with the place of each', () => {
    const env = { WEBUI_SECRET_KEY: WEBUI_SECRET };
    assert.deepEqual(warnings({}, { gateway: { openWebui }, env }), [
      '/srv/c.json: open_webui.url: Open WebUI is not asked: tokens are verified by the secret in WEBUI_SECRET_KEY (set ' +
        'open_webui.introspect: true to ask as well, so that ended sessions do not count; false: so be it)',
    ]);
    const both = { ...openWebui, secretKey: WEBUI_SECRET };
    assert.match(String(warnings({}, { gateway: { openWebui: both } })), /by the secret in webui_secret_key/);
  });

  test('are fine once it is said, and each alone', () => {
    const both = { ...openWebui, secretKey: WEBUI_SECRET };
    for (const introspect of [true, false]) {
      assert.deepEqual(warnings({}, { gateway: { openWebui: { ...both, introspect } } }), []);
    }
    assert.deepEqual(warnings({}, { gateway: { openWebui } }), []);
    assert.deepEqual(warnings({ webuiSecretKey: WEBUI_SECRET }), []);
  });
});

describe('what is said of a setting', () => {
  test('names the place where it stands', () => {
    const openWebui = { userJwtSecret: WEBUI_SECRET, trustForwardedUser: true, secretKey: WEBUI_SECRET };
    const places = (flags: Partial<Flags>, input: Parameters<typeof warnings>[1]) =>
      warnings(flags, input).map((line) => line.split(': ').slice(0, 2).join(': '));
    assert.deepEqual(places({}, { gateway: { openWebui } }), [
      '/srv/c.json: open_webui.user_jwt_secret',
      '/srv/c.json: open_webui.trust_forwarded_user',
      '/srv/c.json: webui_secret_key',
    ]);
    const env = { WEBUI_SECRET_KEY: WEBUI_SECRET, LATCHKEY_USER_JWT_SECRET: WEBUI_SECRET, LATCHKEY_API_KEY: KEY };
    assert.deepEqual(warnings({}, { env }), [
      'environment: WEBUI_SECRET_KEY: is the same as LATCHKEY_USER_JWT_SECRET (make one of its own for each purpose)',
    ]);
    assert.deepEqual(places({ verifyJwt: false }, { env: { LATCHKEY_API_KEY: KEY } }), [
      'command line: --no-verify-jwt',
    ]);
  });

  test('is not said twice where the file names the variable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
    const path = join(folder, 'c.json');
    const refer = ['$', '{WEBUI_SECRET_KEY}'].join('');
    await writeFile(path, JSON.stringify({ webui_secret_key: refer, mcpServers: { x: { command: 'y' } } }));
    const flags: Flags = { config: path, variables: {}, problems: [] };
    const told = (secret: string) => loadAll(flags, { WEBUI_SECRET_KEY: secret }, { kind: 'file', path });
    await assert.rejects(told(`${WEBUI_SECRET}\n`), ({ problems }: ConfigError) => {
      assert.deepEqual(
        problems.map(({ path: key }) => key),
        ['webui_secret_key'],
      );
      return true;
    });
    const { settings: weak, configuration } = await told(WEBUI_SECRET.slice(8));
    assert.deepEqual([weak.warnings.length, configuration.warnings.length], [0, 1]);
    await rm(folder, { recursive: true });
  });
});

describe('what has no effect, or does harm', () => {
  const paths = (flags: Partial<Flags>, input: Parameters<typeof warnings>[1] = {}) =>
    warnings(flags, input).map((line) => line.replace(/^[^:]*: /, ''));

  test('headers without an API key', () => {
    const remedy = '(set --api-key, and the same key in Open WebUI)';
    assert.deepEqual(paths({ userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true }), [
      `--user-jwt-secret: has no effect without an API key ${remedy}`,
      `--trust-forwarded-user: has no effect without an API key ${remedy}`,
    ]);
    assert.deepEqual(paths({ userJwtSecret: USER_JWT_SECRET, apiKey: KEY }), []);
    assert.deepEqual(paths({ trustForwardedUser: true, apiKey: KEY }), []);
  });

  test('plain headers beside signed ones', () => {
    assert.deepEqual(paths({ userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true, apiKey: KEY }), [
      '--trust-forwarded-user: has no effect beside --user-jwt-secret: only the signed header counts',
    ]);
  });

  test('switching off what is not there', () => {
    const line = '--no-verify-jwt: has no effect where a credential is asked for, or tokens can be verified';
    assert.deepEqual(paths({ verifyJwt: false, apiKey: KEY }), [line]);
    assert.deepEqual(paths({ verifyJwt: false }, { gateway: { auth: { basic: [], bearer: ['token'] } } }), [line]);
    assert.deepEqual(paths({ verifyJwt: false, webuiSecretKey: WEBUI_SECRET }), [line]);
    assert.deepEqual(paths({ verifyJwt: false, openWebuiUrl: 'http://x' }), [line]);
    assert.deepEqual(paths({ verifyJwt: false }), []);
  });

  test('tokens that are sent in the clear beyond the own network', () => {
    const clear = (url: string, more: object = {}) => paths({ openWebuiUrl: url, ...more });
    assert.deepEqual(clear('http://chat.example.org/x'), [
      '--open-webui-url: the tokens of users are sent to http://chat.example.org in the clear: others on the way can ' +
        'read them (use https, or an address within your own network)',
    ]);
    for (const host of [
      '203.0.113.9:8080',
      '[2001:db8::1]',
      'chat.local.example.org',
      'internal.example',
      '172.32.0.1',
    ]) {
      assert.equal(clear(`http://${host}`).length, 1, host);
    }
    const own = [
      'open-webui:8080',
      'open-webui.',
      'localhost',
      '127.0.0.1:3000',
      '[::1]',
      'chat.local',
      'chat.x.internal',
    ];
    const networks = [
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.9:81',
      '169.254.1.1',
      '100.64.0.1',
      '[fd00::1]',
      '[fe80::1]',
    ];
    for (const host of [...own, ...networks]) assert.deepEqual(clear(`http://${host}`), [], host);
    assert.deepEqual(clear('https://chat.example.org'), []);
    // Nobody is asked there, so nothing is sent.
    assert.doesNotMatch(clear('http://chat.example.org', { webuiSecretKey: WEBUI_SECRET }).join(), /in the clear/);
  });

  test('documents that Open WebUI is refused', () => {
    const line =
      'document_key: Open WebUI cannot read the documents: it asks for them without a credential (set one, and use ' +
      'the address that holds it)';
    const auth = { basic: [], bearer: ['token'] };
    const secret = { webuiSecretKey: WEBUI_SECRET };
    assert.deepEqual(paths({ ...secret, strictAuth: true }), [line]);
    assert.deepEqual(paths(secret, { gateway: { auth } }), [line]);
    assert.deepEqual(paths({ ...secret, strictAuth: true, documentKey: 'Az09._~-Az09._~-q' }), []);
    assert.deepEqual(paths(secret), []);
    // It sends the API key then.
    assert.deepEqual(paths({ apiKey: KEY, userJwtSecret: USER_JWT_SECRET, strictAuth: true }), []);
  });

  test('one secret for two purposes', () => {
    const remedy = '(make one of its own for each purpose)';
    const twice = { webuiSecretKey: WEBUI_SECRET, userJwtSecret: WEBUI_SECRET, apiKey: KEY };
    assert.deepEqual(paths(twice), [`--webui-secret-key: is the same as --user-jwt-secret ${remedy}`]);
    assert.deepEqual(paths({ webuiSecretKey: WEBUI_SECRET, apiKey: WEBUI_SECRET }), [
      `--webui-secret-key: is the same as --api-key ${remedy}`,
    ]);
    assert.deepEqual(paths({ webuiSecretKey: WEBUI_SECRET }, { env: { LATCHKEY_SECRET: WEBUI_SECRET } }), [
      `--webui-secret-key: is the same as LATCHKEY_SECRET ${remedy}`,
    ]);
    assert.deepEqual(paths({ userJwtSecret: WEBUI_SECRET, apiKey: WEBUI_SECRET }), [
      `--user-jwt-secret: is the same as --api-key ${remedy}`,
    ]);
  });

  test('a secret as the key of documents, which is shown, is refused', () => {
    const documentKey = WEBUI_SECRET;
    const cases: Parameters<typeof flaws>[] = [
      [{ documentKey, webuiSecretKey: WEBUI_SECRET }],
      [{ documentKey, userJwtSecret: WEBUI_SECRET }],
      [{ documentKey, apiKey: WEBUI_SECRET }],
      [{ documentKey }, { env: { LATCHKEY_SECRET: WEBUI_SECRET } }],
    ];
    for (const [flags, input] of cases) {
      assert.match(String(flaws(flags, input)), /--document-key: is the same as .*it stands in addresses/);
    }
    assert.equal(settings({ documentKey }).documentKey, documentKey);
  });

  test('a secret of Open WebUI, or asking it, keeps a port from being open to all', () => {
    for (const flags of [{ webuiSecretKey: WEBUI_SECRET }, { openWebuiUrl: 'http://x' }]) {
      assert.deepEqual(warnings({ ...flags, host: '0.0.0.0' }), []);
      assert.ok(!String(warnings({ ...flags, strictAuth: true })).includes('--strict-auth'));
    }
    const named = { userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true, host: '0.0.0.0' };
    assert.match(String(warnings(named)), /--host: anyone who reaches/);
  });
});
