/** Settings from flags, environment and file: the address, and who may come in. */
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Flags } from '../../src/config/flags.ts';
import type { AuthConfig } from '../../src/config/model.ts';
import { flaws, type Input, KEY, settings, warnings } from './settings-helper.ts';

const folder = await mkdtemp(join(tmpdir(), 'latchkey-settings-'));

describe('the address', () => {
  test('host and port', () => {
    assert.equal(settings({ host: '[::1]', port: '0' }).host, '::1');
    assert.equal(settings({ port: '0' }).port, 0);
    assert.equal(settings({ port: '65535' }).port, 65535);
    for (const port of ['65536', '-1', '80a', '', '1e3', '8000.5']) {
      assert.match(String(flaws({ port })), /command line: --port: '.*' is not a port/, port);
    }
    for (const host of ['', 'a b', 'http://x'])
      assert.match(String(flaws({ host })), /--host: '.*' is not a host name/);
  });

  test('the public URL: flag, environment, file, made up', () => {
    const env = { PUBLIC_URL: 'https://env.example.org/' };
    const gateway = { publicUrl: 'https://file.example.org' };
    const href = (flags: Partial<Flags>, input: Input = {}) => settings(flags, input).publicUrl.href;
    assert.equal(href({ publicUrl: 'https://flag.example.org/a/' }, { env, gateway }), 'https://flag.example.org/a');
    assert.equal(href({}, { env, gateway }), 'https://env.example.org/');
    assert.equal(href({}, { env: { PUBLIC_URL: '' }, gateway }), 'https://file.example.org/');
    assert.equal(href({ port: '9000' }), 'http://localhost:9000/');
    assert.equal(settings({}, { gateway }).publicUrlGiven, true);
  });

  test('a public URL that is none', () => {
    for (const url of [
      '',
      'tools.example.org',
      'ftp://x',
      'https://x/?a',
      'https://x/#a',
      'https://x?',
      'https://a:b@x/',
    ]) {
      assert.match(String(flaws({ publicUrl: url })), /^command line: --public-url: /, url);
      if (url !== '') assert.match(String(flaws({}, { env: { PUBLIC_URL: url } })), /^environment: PUBLIC_URL: /, url);
    }
  });

  test('the paths in their normal form', () => {
    for (const text of ['', '/', '//']) assert.equal(settings({ rootPath: text }).rootPath, '');
    for (const text of ['api', '/api', 'api/', '//api//']) assert.equal(settings({ rootPath: text }).rootPath, '/api');
    assert.equal(settings({ rootPath: '/a/b/' }).rootPath, '/a/b');
    for (const text of ['', '/']) assert.equal(settings({ pathPrefix: text }).pathPrefix, '/');
    for (const text of ['pre', '/pre/', 'pre/']) assert.equal(settings({ pathPrefix: text }).pathPrefix, '/pre/');
    for (const text of ['/a?b', '/a#b', '/../a', '/a b', '/ä', '/a\\b']) {
      assert.match(String(flaws({ rootPath: text })), /--root-path: '.*' is not a path/, text);
      assert.match(String(flaws({ pathPrefix: text })), /--path-prefix: '.*' is not a path/, text);
    }
    for (const text of ['/oauth', 'assets/x']) {
      assert.match(String(flaws({ pathPrefix: text })), /--path-prefix: .* path of the gateway itself/, text);
      assert.match(String(flaws({ rootPath: text })), /--root-path: .* path of the gateway itself/, text);
    }
  });

  test('TLS needs two readable files, and makes the public URL https', async () => {
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    await writeFile(cert, 'c');
    await writeFile(key, 'k');
    const found = settings({ sslCertfile: cert, sslKeyfile: key });
    assert.deepEqual(found.tls, { certFile: cert, keyFile: key });
    assert.equal(found.publicUrl.href, 'https://localhost:8000/');
    assert.match(String(flaws({ sslCertfile: cert })), /--ssl-keyfile: is missing beside --ssl-certfile/);
    assert.match(String(flaws({ sslKeyfile: key })), /--ssl-certfile: is missing beside --ssl-keyfile/);
    assert.match(
      String(flaws({ sslCertfile: cert, sslKeyfile: `${key}x` })),
      /--ssl-keyfile: .*key.pemx is not a readable/,
    );
    assert.match(String(flaws({ sslCertfile: folder, sslKeyfile: key })), /--ssl-certfile: .* is not a readable file/);
  });

  test('allowed hosts of flag and file', () => {
    const found = settings(
      { allowedHost: ['B.example.org', 'c.example.org:8000', '::1'] },
      { gateway: { allowedHosts: ['a'] } },
    );
    assert.deepEqual(found.allowedHosts, ['a', 'b.example.org', 'c.example.org', '[::1]']);
    for (const host of ['', 'https://x', '*.x.org', 'a/b', 'a b', 'me@x']) {
      assert.match(String(flaws({ allowedHost: [host] })), /--allowed-host: '.*' is not a host name/, host);
    }
  });

  test('trusted proxies', () => {
    const networks = ['10.0.0.0/8', '192.168.1.1', 'fd00::/8', '::1'];
    assert.deepEqual(settings({ trustProxy: networks }).trustProxy, networks);
    for (const network of [
      '',
      '10.0.0.0/33',
      '10.0.0/8',
      'proxy',
      '::1/129',
      '10.0.0.0/',
      '1.2.3.4/8/8',
      '1.2.3.4/-1',
    ]) {
      assert.match(
        String(flaws({ trustProxy: [network] })),
        /--trust-proxy: '.*' is neither an address nor a network/,
        network,
      );
    }
  });
});

describe('who may come in', () => {
  test('the API key: flag before environment', () => {
    const env = { LATCHKEY_API_KEY: 'from-the-environment' };
    assert.equal(settings({ apiKey: KEY }, { env }).apiKey, KEY);
    assert.equal(settings({}, { env }).apiKey, 'from-the-environment');
    assert.equal('apiKey' in settings(), false);
  });

  test('an empty key is never taken for none', () => {
    assert.match(String(flaws({ apiKey: '' })), /^command line: --api-key: is empty/);
    assert.match(String(flaws({}, { env: { LATCHKEY_API_KEY: '' } })), /^environment: LATCHKEY_API_KEY: is empty/);
    assert.match(String(flaws({ apiKey: '' }, { env: { LATCHKEY_API_KEY: KEY } })), /--api-key: is empty/);
  });

  test('a key that no header can carry is refused without being told', () => {
    for (const key of [`${KEY}\n`, ` ${KEY}`, `${KEY} `, 'schlüssel', 'a\tb', ' ']) {
      const [line = ''] = flaws({ apiKey: key });
      assert.match(line, /--api-key: holds a character that a header cannot carry/, JSON.stringify(key));
      assert.ok(!line.includes(KEY));
    }
  });

  test('a short key is a warning', () => {
    assert.match(String(warnings({ apiKey: '1234567' })), /--api-key: is shorter than 8 characters/);
    assert.deepEqual(warnings({ apiKey: '12345678' }), []);
  });

  test('strict auth without anything to ask for', () => {
    assert.match(
      String(warnings({ strictAuth: true })),
      /--strict-auth: has no effect without --api-key, an auth map, or a secret/,
    );
    assert.deepEqual(warnings({ strictAuth: true, apiKey: KEY }), []);
    assert.deepEqual(warnings({ strictAuth: true }, { gateway: { auth: { basic: [], bearer: [] } } }), []);
    assert.equal(settings({ strictAuth: true, apiKey: KEY }).strictAuth, true);
  });

  test('the auth map comes from the file', () => {
    const auth: AuthConfig = { basic: [{ username: 'a', password: 'b' }], bearer: [] };
    assert.deepEqual(settings({}, { gateway: { auth } }).auth, auth);
  });

  test('a port open to all is a warning', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.org']) {
      assert.match(String(warnings({ host })), /--host: anyone who reaches .*:8000 can call every tool/, host);
      assert.deepEqual(warnings({ host, apiKey: KEY }), []);
      assert.deepEqual(warnings({ host, insecureOpen: true }), []);
      assert.deepEqual(warnings({ host }, { gateway: { auth: { basic: [], bearer: [] } } }), []);
    }
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])
      assert.deepEqual(warnings({ host }), []);
  });

  test('CORS origins', () => {
    const origins = ['*', 'https://Chat.example.org/', 'http://x:80', 'app://obsidian.md'];
    assert.deepEqual(settings({ corsAllowOrigins: origins }).corsAllowOrigins, [
      '*',
      'https://chat.example.org',
      'http://x',
      'app://obsidian.md',
    ]);
    for (const origin of [
      '',
      'x',
      'https://x/y',
      'https://*.x.org',
      'null',
      'https://x?y',
      'https://a b',
      'https://:1',
    ]) {
      assert.match(
        String(flaws({ corsAllowOrigins: [origin] })),
        /--cors-allow-origins: '.*' is not an origin/,
        origin,
      );
    }
  });
});
