/** What is refused or warned about because of who could reach it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkExposure, type Reach } from '../../src/config/exposure.ts';
import { describeProblem, type OpenWebuiConfig } from '../../src/config/model.ts';
import { singleConfiguration } from '../../src/config/single.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { load } from './helper.ts';

const url = 'https://mcp.example.org/mcp';
const one = { url, oauth: { multi_user: false } };
const each = { url, oauth: true };
const own = { url, oauth: { webui_secret_key: WEBUI_SECRET } };
const none = { url };

const OPEN_WEBUI: OpenWebuiConfig = {
  introspect: false,
  trustForwardedUser: false,
  allowWithoutExpiry: false,
  verifyJwt: true,
};
const REACH: Reach = {
  host: '0.0.0.0',
  publicUrl: new URL('https://tools.example.org'),
  publicUrlGiven: true,
  trustProxy: [],
  insecureOpen: false,
  openWebui: OPEN_WEBUI,
  // What is said of documents and tokens elsewhere is looked at below.
  anonymousCatalog: 'connect-only',
  source: { kind: 'file', path: '/srv/config.json' },
  shape: 'mcpServers',
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
    assert.deepEqual(judge({ one }, { openWebui: { ...OPEN_WEBUI, secretKey: 's' } }).problems, []);
    assert.deepEqual(judge({ one }, { openWebui: { ...OPEN_WEBUI, introspect: true } }).problems, []);
  });

  test('is not guarded by what names callers without keeping others out', () => {
    const openWebui = { ...OPEN_WEBUI, userJwtSecret: 's', trustForwardedUser: true };
    assert.equal(judge({ one }, { openWebui }).problems.length, 1);
    const ownSecret = { url, oauth: { multi_user: false, webui_secret_key: WEBUI_SECRET } };
    assert.equal(judge({ ownSecret }).problems.length, 1);
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
      'public_url: people elsewhere cannot finish a login: their browser is sent back to localhost ' +
        '(set it to the address that they open, like https://tools.example.org)',
    ]);
    assert.deepEqual(judge({ each }, { ...made, host: '127.0.0.1' }).warnings, []);
    assert.deepEqual(judge({ one }, { ...made, apiKey: 'key' }).warnings, []);
    assert.deepEqual(judge({ none }, made).warnings, []);
  });

  test('is of no use to programs that have nothing but the key', () => {
    const warned = (servers: Parameters<typeof judge>[0], more: object = {}) =>
      judge(servers, { apiKey: 'key', ...more }).warnings.map((text) => text.split(': ')[0]);
    assert.deepEqual(warned({ each }), ['--api-key']);
    assert.deepEqual(warned({ one }), []);
    assert.deepEqual(warned({ each }, { auth: { basic: [], bearer: ['token'] } }), []);
  });

  test('is of use to programs that say for whom they call', () => {
    const ways: Partial<OpenWebuiConfig>[] = [
      { secretKey: 's' },
      { introspect: true },
      { userJwtSecret: 's' },
      { trustForwardedUser: true },
    ];
    for (const way of ways) {
      const openWebui = { ...OPEN_WEBUI, ...way };
      assert.deepEqual(judge({ each }, { apiKey: 'key', openWebui }).warnings, [], JSON.stringify(way));
    }
    assert.deepEqual(judge({ own }, { apiKey: 'key' }).warnings, []);
    assert.equal(judge({ own, each }, { apiKey: 'key' }).warnings.length, 1);
  });
});

describe('a public URL in plain http', () => {
  const auth = { basic: [], bearer: ['token'] };
  const plain = { publicUrl: new URL('http://tools.example.org:8000'), auth };

  test('is pointed out with logins of either kind, and only then', () => {
    for (const entry of [one, each]) {
      assert.deepEqual(judge({ entry }, plain).warnings, [
        'public_url: http://tools.example.org:8000 is plain http: others on the way can read cookies ' +
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

describe('tokens of Open WebUI that nothing verifies', () => {
  const { verifyJwt: _, ...unsaid } = OPEN_WEBUI;
  const told = (entries: Readonly<Record<string, object>>, openWebui: OpenWebuiConfig, host = '127.0.0.1') =>
    judge(entries, { openWebui, host, publicUrl: new URL('http://localhost:8000') }).warnings;

  test('are pointed out where they are believed: from this machine, unless it is said', () => {
    assert.deepEqual(told({ each }, unsaid), [
      'open_webui.url: tokens of Open WebUI that come from this machine are believed without being verified (set it, so ' +
        'that Open WebUI is asked, or webui_secret_key; verify_jwt: true in the file refuses them)',
    ]);
    const publicUrl = new URL('http://localhost:8000');
    const local = { ...REACH, host: '::1', openWebui: unsaid, publicUrl };
    const { warnings } = checkExposure(local, load({ mcpServers: { each } }));
    assert.deepEqual(
      warnings.map(({ isNote }) => isNote),
      [true],
    );
    assert.deepEqual(told({ each }, unsaid, '0.0.0.0'), []);
    // Others come in there as well, so that nobody is believed.
    assert.deepEqual(judge({ each }, { openWebui: unsaid, host: '127.0.0.1' }).warnings, []);
    assert.deepEqual(told({ each }, OPEN_WEBUI), []);
  });

  test('are pointed out loudly, on every host, where verifying is switched off', () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      assert.deepEqual(told({ each }, { ...OPEN_WEBUI, verifyJwt: false }, host), [
        'open_webui.url: ANYBODY CAN CLAIM TO BE ANYBODY: tokens of Open WebUI are believed without being verified (set ' +
          'it, so that Open WebUI is asked, or webui_secret_key, and remove --no-verify-jwt, or verify_jwt: false in the file)',
      ]);
    }
  });

  test('are for everybody to see where they concern everybody, unlike what names addresses', () => {
    const { anonymousCatalog: _, ...reach } = REACH;
    const openWebui = { ...unsaid, verifyJwt: false };
    const publicUrl = new URL('http://tools.example.org');
    const { warnings } = checkExposure({ ...reach, publicUrl, openWebui }, load({ mcpServers: { each } }));
    assert.deepEqual(
      warnings.map(({ path, isPublic }) => [path, isPublic === true]),
      [
        ['open_webui.url', true],
        ['document_key', true],
        ['public_url', false],
      ],
    );
    for (const { isPublic, ...warning } of warnings) {
      if (isPublic) assert.doesNotMatch(describeProblem(warning), /\/|\d|example/);
    }
  });

  test('are no matter where a credential is asked for, which they never are', () => {
    for (const openWebui of [unsaid, { ...unsaid, verifyJwt: false }]) {
      const auth = { basic: [], bearer: ['token'] };
      assert.deepEqual(judge({ each }, { host: '127.0.0.1', openWebui, auth }).warnings, []);
      const { warnings } = judge({ each }, { host: '127.0.0.1', openWebui, apiKey: 'key' });
      assert.match(warnings.join(), /^--api-key: programs that call[^\n]*$/);
    }
  });

  test('are no matter where tokens are verified, or nobody has anything of their own', () => {
    for (const verifyJwt of [undefined, false]) {
      const saying = verifyJwt === undefined ? unsaid : { ...unsaid, verifyJwt };
      assert.deepEqual(told({ each }, { ...saying, secretKey: 's' }), []);
      assert.deepEqual(told({ each }, { ...saying, introspect: true }), []);
      assert.deepEqual(told({ one, none, own }, saying), []);
    }
  });
});

describe('what Open WebUI sees of servers where each person signs in', () => {
  const { anonymousCatalog: _, ...unsaid } = REACH;
  const warnings = (servers: object, reach: object = {}) =>
    checkExposure({ ...unsaid, ...reach }, load({ mcpServers: servers })).warnings.map(describeProblem);

  test('is too little without a key of the documents, which is said in one line', () => {
    assert.deepEqual(warnings({ each, own }), [
      'document_key: Open WebUI sees only connect_<server> of servers where each person signs in (set ' +
        'one to list their tools in documents that are asked for with it, or say anonymous_catalog)',
    ]);
  });

  test('is no matter on this machine, with a key, once it is said, or with one login for all', () => {
    assert.deepEqual(warnings({ each }, { host: '127.0.0.1' }), []);
    assert.deepEqual(warnings({ each }, { documentKey: 'k' }), []);
    for (const anonymousCatalog of ['off', 'learned', 'connect-only']) {
      assert.deepEqual(warnings({ each }, { anonymousCatalog }), []);
    }
    assert.deepEqual(warnings({ one, none }, { apiKey: 'key' }), []);
  });

  test('is no matter where Open WebUI comes with the API key, which reads all', () => {
    const named = { apiKey: 'key', openWebui: { ...OPEN_WEBUI, userJwtSecret: 's' } };
    assert.deepEqual(warnings({ each }, named), []);
    assert.match(
      warnings({ each }, { ...named, openWebui: { ...OPEN_WEBUI, introspect: true } }).join(),
      /document_key/,
    );
  });
});
