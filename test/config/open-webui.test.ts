/** The settings about Open WebUI, from file, flag and environment. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Flags } from '../../src/config/flags.ts';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { load, loadYaml, problemsOf, warningsOf } from './helper.ts';
import { flaws, settings, warnings } from './settings-helper.ts';

const mcpServers = { x: { command: 'y' } };
const THIRD = 'Nc5Tq8Wj3Xv6Zb1Mf4Gk7Ld2Hs9Pr0Ya';
const NOTHING = { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false };

function keyProblems(keys: object): string[] {
  return problemsOf(() => load({ ...keys, mcpServers })).map((line) => line.replace(/^\S+ /, ''));
}

describe('the keys of the file', () => {
  test('all of them', () => {
    const config = load({
      mcpServers,
      webui_secret_key: WEBUI_SECRET,
      verify_jwt: true,
      anonymous_catalog: 'off',
      document_key: 'Az09._~-Az09._~-q',
      open_webui: {
        url: 'http://open-webui:8080/',
        public_url: 'https://chat.example.org/ui/',
        introspect: true,
        user_jwt_secret: USER_JWT_SECRET,
        trust_forwarded_user: true,
        allow_tokens_without_exp: true,
        max_token_age_hours: 1.5,
      },
    });
    assert.deepEqual(config.gateway, {
      allowedHosts: [],
      openWebui: {
        url: 'http://open-webui:8080',
        publicUrl: 'https://chat.example.org/ui',
        introspect: true,
        secretKey: WEBUI_SECRET,
        userJwtSecret: USER_JWT_SECRET,
        trustForwardedUser: true,
        verifyJwt: true,
        allowWithoutExpiry: true,
        maxTokenAgeMs: 5_400_000,
      },
      anonymousCatalog: 'off',
      documentKey: 'Az09._~-Az09._~-q',
    });
    assert.deepEqual(config.warnings, []);
  });

  test('empty ones count as absent, numbers are taken as they are written', () => {
    const config = loadYaml(`
webui_secret_key: 0x31415926535897932384626433832795
document_key: 0271828182845904523
verify_jwt:
open_webui: { url: , user_jwt_secret: 16180339887498948482045868343656.0 }
mcpServers: { x: { command: y } }
`);
    assert.deepEqual(config.gateway, {
      allowedHosts: [],
      openWebui: {
        secretKey: '0x31415926535897932384626433832795',
        userJwtSecret: '16180339887498948482045868343656.0',
        trustForwardedUser: false,
        allowWithoutExpiry: false,
      },
      documentKey: '0271828182845904523',
    });
  });

  test('wrong ones, all at once and without a secret in the text', () => {
    const hush = 'hush-hush';
    const keys = {
      webui_secret_key: hush,
      document_key: `${hush}/${hush}`,
      open_webui: { url: 'ftp://x', public_url: 'https://x/?a', user_jwt_secret: `${hush.repeat(4)}\n` },
    };
    const found = keyProblems(keys);
    assert.deepEqual(
      found.map((line) => line.split(' (')[0]),
      [
        'open_webui.url: must be an http:// or https:// URL',
        'open_webui.public_url: must not hold a query or a fragment',
        'webui_secret_key: is shorter than 16 characters and can be guessed',
        'open_webui.user_jwt_secret: begins or ends with a space or line break',
        'document_key: holds a character that changes in an address',
      ],
    );
    assert.ok(!found.join().includes('hush'));
    assert.match(
      keyProblems({ open_webui: { url: 'https://me:hush@x' } }).join(),
      /url: must not hold a name or passw/,
    );
    assert.deepEqual(keyProblems({ anonymous_catalog: 'learnt' }), [
      "anonymous_catalog: must be one of learned, connect-only, off (did you mean 'learned'?)",
    ]);
    for (const hours of [0, -1, 1e9, '1']) {
      assert.match(keyProblems({ open_webui: { max_token_age_hours: hours } }).join(), /max_token_age_hours: must be/);
    }
    assert.match(keyProblems({ open_webui: true }).join(), /open_webui: must be a mapping/);
  });

  test('a weak secret is pointed out with its line', () => {
    const config = loadYaml(`mcpServers: { x: { command: y } }
webui_secret_key: ${WEBUI_SECRET.slice(8)}
open_webui:
  user_jwt_secret: ${USER_JWT_SECRET.slice(8)}
`);
    assert.deepEqual(
      warningsOf(config).map((line) => line.split(' (')[0]),
      [
        '/srv/config.yaml:2: webui_secret_key: is shorter than 32 bytes',
        '/srv/config.yaml:4: open_webui.user_jwt_secret: is shorter than 32 bytes',
      ],
    );
  });

  test('a key that nobody reads there is an error, a right one at the wrong level is told where it belongs', () => {
    const at = (keys: object) => keyProblems({ open_webui: { url: 'http://x', ...keys } });
    assert.deepEqual(at({ secret: 'hush' }), ['open_webui.secret: this key is unknown here']);
    assert.deepEqual(at({ user_jwt_secrte: 'hush' }), [
      "open_webui.user_jwt_secrte: this key is unknown here (did you mean 'user_jwt_secret'?)",
    ]);
    for (const key of ['webui_secret_key', 'verify_jwt', 'document_key']) {
      assert.match(at({ [key]: 'hush' }).join(), /\(it belongs to the top level, beside open_webui\)$/, key);
    }
    assert.deepEqual(warningsOf(load({ open_webui: { url: 'http://x', 'x-note': 'mine' }, mcpServers })), []);
  });

  test('a key of Open WebUI at the top level is a warning that says where it belongs', () => {
    const at = (key: string) => warningsOf(load({ [key]: 'hush', mcpServers })).join();
    for (const key of ['url', 'user_jwt_secret', 'trust_forwarded_user', 'introspect']) {
      assert.match(
        at(key),
        new RegExp(`${key}: .*\\(it belongs into open_webui, as open_webui: \\{${key}: \\.\\.\\.\\}\\)$`),
      );
    }
    for (const key of ['openwebui', 'open-webui', 'openWebUI', 'webui']) {
      assert.match(at(key), /\(did you mean 'open_webui'\?\)$/, key);
    }
    assert.match(at('api_key'), /--api-key or LATCHKEY_API_KEY/);
  });

  test('what is no mapping is shown as one, an empty one is a warning, a switch is true or false', () => {
    assert.deepEqual(keyProblems({ open_webui: 'http://x' }), [
      'open_webui: must be a mapping (as open_webui: {url: ...})',
    ]);
    assert.match(warningsOf(load({ open_webui: {}, mcpServers })).join(), /open_webui: is empty and has no effect/);
    assert.deepEqual(keyProblems({ verify_jwt: 'maybe' }), ['verify_jwt: must be true or false']);
  });

  test('of one server', () => {
    const entry = (secret: string) => ({
      mcpServers: { x: { type: 'http', url: 'https://x.example.org', oauth: { webui_secret_key: secret } } },
    });
    assert.equal(load(entry(WEBUI_SECRET)).servers.get('x')?.oauth?.webuiSecretKey, WEBUI_SECRET);
    const digits = loadYaml(`
mcpServers: { x: { type: http, url: https://x.example.org, oauth: { webui_secret_key: 0314159265358979323 } } }
`);
    assert.equal(digits.servers.get('x')?.oauth?.webuiSecretKey, '0314159265358979323');
    const [line = ''] = problemsOf(() => load(entry('hush')));
    assert.match(line, /mcpServers\.x\.oauth\.webui_secret_key: Server 'x' .*is shorter than 16 characters/);
    assert.ok(!line.includes('hush'));
  });
});

describe('flag, environment, file', () => {
  const gateway = {
    openWebui: { url: 'http://file', secretKey: WEBUI_SECRET, userJwtSecret: WEBUI_SECRET },
    documentKey: 'a-key-from-the-7th-file',
    anonymousCatalog: 'off' as const,
  };
  const env = {
    WEBUI_SECRET_KEY: USER_JWT_SECRET,
    OPEN_WEBUI_URL: 'http://env/',
    LATCHKEY_USER_JWT_SECRET: USER_JWT_SECRET,
    LATCHKEY_DOCUMENT_KEY: 'a-key-from-the-env1ronment',
  };
  const flags = {
    webuiSecretKey: THIRD,
    openWebuiUrl: 'http://flag/',
    userJwtSecret: THIRD,
    documentKey: 'a-key-of-the-f1ag',
    anonymousCatalog: 'learned',
  };
  const found = (one: Partial<Flags>, input: Parameters<typeof settings>[1]) => {
    const { openWebui, documentKey, anonymousCatalog } = settings(one, input);
    return [openWebui.url, openWebui.secretKey, openWebui.userJwtSecret, documentKey, anonymousCatalog];
  };

  test('count in this order', () => {
    const file = ['http://file', WEBUI_SECRET, WEBUI_SECRET, gateway.documentKey, 'off'];
    assert.deepEqual(found({}, { gateway }), file);
    const ofEnv = ['http://env', USER_JWT_SECRET, USER_JWT_SECRET, env.LATCHKEY_DOCUMENT_KEY, 'off'];
    assert.deepEqual(found({}, { gateway, env }), ofEnv);
    assert.deepEqual(found(flags, { gateway, env }), ['http://flag', THIRD, THIRD, flags.documentKey, 'learned']);
  });

  test('switches: a flag before the file', () => {
    assert.deepEqual(settings().openWebui, NOTHING);
    const on = { openWebui: { trustForwardedUser: true, verifyJwt: true } };
    assert.deepEqual(settings({}, { gateway: on }).openWebui, { ...NOTHING, ...on.openWebui });
    const { openWebui } = settings({ verifyJwt: false, trustForwardedUser: true });
    assert.deepEqual(openWebui, { ...NOTHING, verifyJwt: false, trustForwardedUser: true });
    assert.equal(settings({ verifyJwt: false }, { gateway: on }).openWebui.verifyJwt, false);
  });

  test('an empty secret is never taken for none, an empty address is', () => {
    for (const name of ['WEBUI_SECRET_KEY', 'LATCHKEY_USER_JWT_SECRET', 'LATCHKEY_DOCUMENT_KEY']) {
      assert.match(String(flaws({}, { env: { [name]: '' } })), new RegExp(`^environment: ${name}: is empty`));
    }
    assert.match(String(flaws({ webuiSecretKey: '' }, { env })), /^command line: --webui-secret-key: is empty/);
    assert.equal(settings({}, { env: { OPEN_WEBUI_URL: '' } }).openWebui.url, undefined);
    assert.match(String(flaws({ openWebuiUrl: '' })), /--open-webui-url: is not a URL/);
  });

  test('wrong values are told by where they are, without a secret', () => {
    const text = String(
      flaws(
        { webuiSecretKey: 'hush', documentKey: 'hush/', anonymousCatalog: 'none' },
        { env: { LATCHKEY_USER_JWT_SECRET: ' hush-hush-hush-hush' } },
      ),
    );
    assert.match(text, /command line: --webui-secret-key: is shorter than 16/);
    assert.match(text, /command line: --document-key: holds a character/);
    assert.match(text, /environment: LATCHKEY_USER_JWT_SECRET: begins or ends/);
    assert.match(text, /--anonymous-catalog: 'none' is not a kind of catalog \(use learned, connect-only, off\)/);
    assert.ok(!text.includes('hush'));
  });

  test('a weak secret is a warning, one from the file not a second time', () => {
    const weak = WEBUI_SECRET.slice(8);
    assert.match(
      String(warnings({}, { env: { WEBUI_SECRET_KEY: weak } })),
      /environment: WEBUI_SECRET_KEY: is shorter/,
    );
    assert.deepEqual(warnings({}, { gateway: { openWebui: { secretKey: weak } } }), []);
  });
});
