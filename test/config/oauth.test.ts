/** The `oauth` of an entry: its forms, whose login it is, and the values that are refused. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { OAuthConfig } from '../../src/config/model.ts';
import { mcpoTokenFile } from '../../src/config/oauth.ts';
import { entryProblems, load, server, type TestOptions, warningsOf } from './helper.ts';

const url = 'https://mcp.example.org/mcp';
const type = 'streamable-http';

function oauth(keys: unknown, options: TestOptions = {}): OAuthConfig {
  const found = server({ type, url, oauth: keys }, options).oauth;
  assert.ok(found);
  return found;
}

/** The only problem of these keys, without the place. */
function flaw(keys: object): string {
  const lines = entryProblems({ type, url, oauth: keys });
  assert.equal(lines.length, 1, lines.join('\n'));
  return (lines[0] ?? '').replace(/^.*?Server 'x' 'oauth\./, "'");
}

describe('oauth', () => {
  test('true and an empty mapping are all defaults', () => {
    for (const keys of [true, {}, { scope: null, client_metadata: null }]) {
      assert.deepEqual(oauth(keys), {
        multiUser: true,
        sessionTimeoutMs: 1_800_000,
        storage: 'store',
        openBrowser: true,
        clientMetadata: {},
        allowInsecureHttp: false,
      });
      assert.deepEqual(warningsOf(load({ mcpServers: { x: { type, url, oauth: keys } } })), []);
    }
  });

  test('false, null and a program have none', () => {
    assert.ok(!('oauth' in server({ type, url, oauth: false })));
    assert.ok(!('oauth' in server({ type, url, oauth: null })));
    assert.ok(!('oauth' in server({ type, url })));
    assert.ok(!('oauth' in server({ command: 'y', oauth: true })));
  });

  test('every key arrives, with variables filled in', () => {
    const keys = {
      multi_user: true,
      server_url: '${AS}/',
      session_timeout_minutes: 0.5,
      storage_type: 'memory',
      client_metadata: { client_name: '${NAME}', contacts: ['a@example.org'], tos_uri: null },
      client_id: '${ID}',
      client_secret: '${SECRET}',
      token_endpoint_auth_method: 'client_secret_post',
      issuer: '${AS}/',
      scope: ' a:b  ${SCOPE}\n',
      resource: 'urn:example:mcp',
      allow_insecure_http: true,
    };
    const env = { AS: 'https://Login.example.org/realm', NAME: 'N', ID: 'i', SECRET: 's', SCOPE: 'c' };
    assert.deepEqual(oauth(keys, { env }), {
      multiUser: true,
      serverUrl: 'https://Login.example.org/realm',
      sessionTimeoutMs: 30_000,
      storage: 'memory',
      openBrowser: true,
      clientMetadata: { client_name: 'N', contacts: ['a@example.org'] },
      clientId: 'i',
      clientSecret: 's',
      tokenEndpointAuthMethod: 'client_secret_post',
      issuer: 'https://Login.example.org/realm/',
      scope: 'a:b c',
      resource: 'urn:example:mcp',
      allowInsecureHttp: true,
    });
  });

  test('an id that looks like a number is kept as written', () => {
    const text = `mcpServers: {x: {url: "${url}", oauth: {client_id: 0123, client_secret: 1.10}}}`;
    const found = load(text, { file: '/srv/config.yaml' }).servers.get('x')?.oauth;
    assert.deepEqual([found?.clientId, found?.clientSecret], ['0123', '1.10']);
  });

  test('a scope to register for is the scope to ask for, unless another is said', () => {
    assert.equal(oauth({ client_metadata: { scope: 'a  b' } }).scope, 'a b');
    assert.equal(oauth({ client_metadata: { scope: 'a b' }, scope: 'a' }).scope, 'a');
    assert.equal(oauth({ client_metadata: { scope: 'a  b' } }).clientMetadata.scope, 'a  b');
  });
});

describe('whose login it is', () => {
  test("each person's, but everybody's beside the keys of mcpo's single login", () => {
    assert.equal(oauth({ server_url: 'https://as.example.org' }).multiUser, true);
    assert.equal(oauth({ callback_port: 3030 }).multiUser, false);
    assert.equal(oauth({ use_loopback: true }).multiUser, false);
    assert.equal(oauth({ use_loopback: false }).multiUser, false);
    assert.equal(oauth({ use_loopback: false }).openBrowser, false);
    assert.equal(oauth({ callback_port: 3030 }).callbackPort, 3030);
    assert.equal(oauth({ callback_port: 3030, multi_user: true }).multiUser, true);
    assert.equal(oauth({ callback_port: 3030, multi_user: true }).callbackPort, undefined);
    assert.equal(oauth({ multi_user: false }).multiUser, false);
  });

  test("everybody's where mcpo has left a login for this name", (t) => {
    const home = mkdtempSync(join(tmpdir(), 'latchkey-mcpo-'));
    t.after(() => rmSync(home, { recursive: true }));
    const options = { env: { HOME: home } };
    // echo -n x | md5sum
    const file = join(home, '.mcpo', 'tokens', '9dd4e461_tokens.json');
    assert.equal(mcpoTokenFile('x', home), file);
    assert.equal(oauth(true, options).multiUser, true);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '{}');
    assert.equal(oauth(true, options).multiUser, false);
    assert.equal(oauth({ multi_user: true }, options).multiUser, true);
    assert.equal(oauth(true, { env: { HOME: '' } }).multiUser, true);
  });

  test('decides who shares a connection', () => {
    const entry = { type, url, oauth: true };
    assert.equal(server(entry).isolation, 'principal');
    assert.equal(server({ ...entry, isolation: 'session' }).isolation, 'principal');
    assert.equal(server({ ...entry, oauth: { multi_user: false } }).isolation, 'shared');
    assert.equal(server({ ...entry, oauth: { multi_user: false }, isolation: 'session' }).isolation, 'session');
  });
});

describe('values that are refused', () => {
  test('with key, line and remedy', () => {
    const text = `mcpServers:\n  x:\n    url: ${url}\n    oauth:\n      client_secret: hush\n      scope: 'a "b"'\n`;
    const options = { file: '/srv/config.yaml' };
    try {
      load(text, options);
      assert.fail('accepted');
    } catch (error) {
      assert.match(String(error), /config\.yaml:6: mcpServers\.x\.oauth\.scope: .*\(write the scopes with spaces/);
      assert.doesNotMatch(String(error), /hush/);
    }
    assert.equal(flaw({ client_secret: 'hush' }), "'client_secret' needs client_id beside it (add client_id)");
  });

  test('scopes', () => {
    for (const scope of ['a"b', 'a\\b', 'ä', 'a\u0007']) {
      assert.match(flaw({ scope }), /^'scope' holds a character that no scope has/, scope);
    }
    for (const scope of ['', ' \n']) assert.match(flaw({ scope }), /^'scope' is empty/);
    assert.match(flaw({ scope: ['a'] }), /^'scope' must be a string/);
    assert.equal(oauth({ scope: "!#[]~,:/.'" }).scope, "!#[]~,:/.'");
  });

  test('clients, without telling their secret', () => {
    const id = { client_id: 'i' };
    assert.match(flaw({ client_id: '' }), /^'client_id' is empty/);
    assert.match(flaw({ ...id, client_secret: '' }), /^'client_secret' is empty/);
    assert.match(flaw({ ...id, client_secret: 'hush\n' }), /^'client_secret' must not hold a line break/);
    assert.match(flaw({ ...id, client_secret: 'hüsh' }), /^'client_secret' holds a character other than printable/);
    for (const client_secret of ['hush\n', 'hüsh']) assert.doesNotMatch(flaw({ ...id, client_secret }), /h.sh/);
    assert.match(
      flaw({ ...id, token_endpoint_auth_method: 'client_secret_post' }),
      /^'token_endpoint_auth_method' is client_secret_post, but there is no client_secret/,
    );
    assert.match(flaw({ token_endpoint_auth_method: 'private_key_jwt' }), /must be one of none, client_secret_basic, /);
    assert.equal(oauth({ token_endpoint_auth_method: 'client_secret_post' }).clientId, undefined);
  });

  test('issuers and authorization servers', () => {
    for (const key of ['issuer', 'server_url']) {
      const bad: [string, RegExp][] = [
        ['', /is not a URL/],
        ['login.example.org', /is not a URL/],
        ['https://login.example.org\n', /is not a URL/],
        ['javascript:alert(1)', /must be an http:\/\/ or https:\/\/ URL/],
        ['https://a.example.org/?b', /must not hold a query or a fragment/],
        ['https://a.example.org/?', /must not hold a query or a fragment/],
        ['https://a.example.org#b', /must not hold a query or a fragment/],
        ['https://me:hush@a.example.org', /must not hold a name or password/],
        ['https://@a.example.org', /must not hold a name or password/],
      ];
      for (const [value, expected] of bad) assert.match(flaw({ [key]: value }), expected, `${key} ${value}`);
    }
    for (const issuer of ['https://a.example.org', 'https://A.example.org:443/x/', 'http://localhost:1']) {
      assert.equal(oauth({ issuer }).issuer, issuer);
    }
    assert.equal(oauth({ server_url: 'https://a.example.org//' }).serverUrl, 'https://a.example.org');
  });

  test('resources', () => {
    for (const resource of ['https://A.example.org:443/', 'urn:a:b', 'api://1-2/', 'omit', 'https://a/?b=c']) {
      assert.equal(oauth({ resource }).resource, resource);
    }
    assert.match(flaw({ resource: 'https://a/#b' }), /^'resource' must not hold a fragment/);
    for (const resource of ['', '/mcp', 'none', 'https://a b', 'https://a/"', 'https://']) {
      assert.match(flaw({ resource }), /^'resource' must be an absolute URI .*\(write it like .* or omit/, resource);
    }
  });

  test('addresses of client id metadata documents', () => {
    const address = 'https://a.example.org/client.json';
    assert.equal(oauth({ client_metadata_url: address }).clientMetadataUrl, address);
    const bad: [string, RegExp][] = [
      ['client.json', /is not a URL/],
      ['http://localhost/client.json', /must be an https:\/\/ URL/],
      ['https://a.example.org', /must have a path/],
      ['https://a.example.org/', /must have a path/],
      ['https://a.example.org/c#d', /must not hold a fragment/],
      ['https://me@a.example.org/c', /must not hold a name or password/],
      ['https://a.example.org/b/../c', /is not in its normal form https:\/\/a\.example\.org\/c/],
      ['https://A.example.org/c', /is not in its normal form/],
    ];
    for (const [value, expected] of bad) assert.match(flaw({ client_metadata_url: value }), expected, value);
  });

  test('numbers and words', () => {
    assert.match(flaw({ session_timeout_minutes: 0 }), /must be greater than 0/);
    assert.match(flaw({ session_timeout_minutes: 1e9 }), /must be at most 525600/);
    assert.match(flaw({ callback_port: 0 }), /must be at least 1/);
    assert.match(flaw({ callback_port: 65536 }), /must be at most 65535/);
    assert.match(flaw({ storage_type: 'redis' }), /must be one of file, memory/);
    assert.match(flaw({ allow_insecure_http: 'yes' }), /must be a boolean/);
  });
});

describe('client_metadata', () => {
  const metadataFlaw = (metadata: object) => flaw({ client_metadata: metadata });

  test('known fields have their types', () => {
    const bad: [object, RegExp][] = [
      [{ client_name: 5 }, /client_metadata\.client_name' must be a string that is not empty/],
      [{ client_name: '' }, /must be a string that is not empty/],
      [{ 'client_name#de': [] }, /client_metadata\.client_name#de' must be a string/],
      [{ contacts: 'me' }, /must be a list of strings/],
      [{ contacts: [1] }, /must be a list of strings/],
      [{ redirect_uris: 'https://x' }, /must be a list of strings/],
      [{ grant_types: ['client_credentials'] }, /must hold 'authorization_code'/],
      [{ response_types: ['token'] }, /must hold 'code'/],
      [{ scope: 'a"' }, /holds a character that no scope has/],
      [{ scope: ['a'] }, /must be a string/],
      [{ client_uri: 'javascript:alert(1)' }, /must be an http:\/\/ or https:\/\/ URL/],
      [{ jwks_uri: 5 }, /must be a string/],
      [{ jwks: [] }, /must be a mapping/],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, /must be one of none/],
      [{ application_type: 'phone' }, /must be one of web, native/],
    ];
    for (const [metadata, expected] of bad) assert.match(metadataFlaw(metadata), expected, JSON.stringify(metadata));
    assert.match(flaw({ client_metadata: 'x' }), /^'client_metadata' must be a mapping/);
  });

  test('good ones are kept; what is ours to say, or an answer, is not', () => {
    const metadata = {
      client_name: 'N',
      'client_name#de': 'M',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      logo_uri: 'https://x.example.org/l.png',
      application_type: 'web',
      'x-tenant': { any: ['thing'] },
    };
    const ours = {
      redirect_uris: ['https://x.example.org/cb'],
      client_id: 'i',
      client_secret: 'hush',
      policy_uri: null,
    };
    assert.deepEqual(oauth({ client_metadata: { ...metadata, ...ours } }).clientMetadata, metadata);
  });

  test('a field named like a member of Object.prototype is one like any other', () => {
    const config = load(`{"mcpServers": {"x": {"url": "${url}", "oauth": {"client_metadata": {"constructor": 1}}}}}`);
    assert.deepEqual(config.servers.get('x')?.oauth?.clientMetadata, Object.fromEntries([['constructor', 1]]));
  });
});
