/** All settings together: defaults, where the servers come from, and what the rest adds up to. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Flags } from '../src/config/flags.ts';
import { ConfigError, describeProblem } from '../src/config/model.ts';
import { anonymousCatalogOf, loadAll, resolveSource } from '../src/settings.ts';
import { flaws, KEY, settings, warnings } from './config/settings-helper.ts';

const folder = await mkdtemp(join(tmpdir(), 'latchkey-settings-'));

describe('defaults', () => {
  test('are those of mcpo, but on this machine alone', () => {
    assert.deepEqual(settings({}, { env: { HOME: '/home/me' } }), {
      host: '127.0.0.1',
      port: 8000,
      publicUrl: new URL('http://localhost:8000'),
      publicUrlGiven: false,
      rootPath: '',
      pathPrefix: '/',
      corsAllowOrigins: ['*'],
      strictAuth: false,
      openWebui: { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false },
      allowedHosts: [],
      trustProxy: [],
      store: 'sqlite:/home/me/.latchkey/latchkey.db',
      insecureOpen: false,
      name: 'MCP OpenAPI Proxy',
      description: 'Automatically generated API from MCP Tool Schemas',
      version: '1.0',
      logLevel: 'info',
      hotReload: false,
      source: { kind: 'file', path: '/srv/c.json', given: '/srv/c.json' },
      shape: 'mcpServers',
      sessions: { idleMs: 600_000, most: 128, mostPerPrincipal: 32, startMs: 10_000 },
      warnings: [],
    });
    assert.equal(settings().store, `sqlite:${homedir()}/.latchkey/latchkey.db`);
  });

  test('are frozen', () => {
    const found = settings({}, { gateway: { auth: { basic: [], bearer: ['t'] } } });
    assert.ok(Object.isFrozen(found) && Object.isFrozen(found.corsAllowOrigins) && Object.isFrozen(found.source));
    assert.ok(Object.isFrozen(found.warnings) && Object.isFrozen(found.auth?.bearer));
  });
});

describe('the rest', () => {
  test('the store: flag before file', () => {
    const gateway = { store: 'sqlite:/file.db' };
    assert.equal(settings({}, { gateway }).store, 'sqlite:/file.db');
    assert.equal(settings({ store: 'memory' }, { gateway }).store, 'memory');
    assert.equal(settings({ store: 'sqlite:/a/b.db' }).store, 'sqlite:/a/b.db');
    assert.equal(settings({ store: 'sqlite:///a/b.db' }).store, 'sqlite:/a/b.db');
    assert.equal(settings({ store: 'sqlite:b.db' }).store, `sqlite:${join(process.cwd(), 'b.db')}`);
    assert.equal(settings({ store: 'sqlite:~/b.db' }, { env: { HOME: '/home/me' } }).store, 'sqlite:/home/me/b.db');
    for (const store of ['', 'redis://x', 'b.db', 'sqlite:', 'sqlite::memory:', 'postgres://me:hush@x/db']) {
      const [line = ''] = flaws({ store });
      assert.match(line, /^command line: --store: /, store);
      assert.ok(!line.includes('hush'));
    }
  });

  test('what the file says of host, port, level and sessions holds where no flag or variable does', () => {
    const gateway = { host: '10.0.0.1', port: 3000, logLevel: 'debug', sessions: { most: 7 } } as const;
    const plain = settings({ insecureOpen: true }, { gateway });
    assert.deepEqual([plain.host, plain.port, plain.logLevel], ['10.0.0.1', 3000, 'debug']);
    assert.equal(plain.publicUrl.href, 'http://localhost:3000/');
    assert.deepEqual(plain.sessions, { idleMs: 600_000, most: 7, mostPerPrincipal: 32, startMs: 10_000 });
    const env = { LOG_LEVEL: 'warn' };
    const flagged = settings({ host: '127.0.0.1', port: '0' }, { gateway, env });
    assert.deepEqual([flagged.host, flagged.port, flagged.logLevel], ['127.0.0.1', 0, 'warn']);
    assert.equal(settings({ logLevel: 'verbose' }, { gateway, env }).logLevel, 'trace');
  });

  test('a file with servers is reached from everywhere unless it says otherwise, with a warning that names it', () => {
    const shape = 'servers';
    assert.deepEqual([settings({}, { shape }).host, settings({}, { shape }).shape], ['0.0.0.0', 'servers']);
    assert.equal(settings({}, { shape, gateway: { host: '::1' } }).host, '::1');
    assert.match(
      String(warnings({ port: '80' }, { shape })),
      /^\/srv\/c\.json: hostname: anyone who reaches 0\.0\.0\.0:80 /,
    );
    assert.match(String(warnings({ host: '::' }, { shape })), /^command line: --host: anyone who reaches :::/);
    assert.deepEqual(warnings({}, { shape, gateway: { auth: { basic: [], bearer: [] } } }), []);
  });

  test('log levels, also those of Python', () => {
    const cases = {
      ERROR: 'error',
      Warning: 'warn',
      critical: 'error',
      trace: 'trace',
      Verbose: 'trace',
      debug: 'debug',
      warn: 'warn',
    };
    for (const [text, level] of Object.entries(cases)) {
      assert.equal(settings({ logLevel: text }).logLevel, level);
      assert.equal(settings({}, { env: { LOG_LEVEL: text } }).logLevel, level);
    }
    assert.equal(settings({ logLevel: 'debug' }, { env: { LOG_LEVEL: 'nonsense' } }).logLevel, 'debug');
    assert.equal(settings({}, { env: { LOG_LEVEL: '' } }).logLevel, 'info');
    assert.match(
      String(flaws({ logLevel: 'infos' })),
      /--log-level: 'infos' is not a log level \(did you mean 'info'\?\)/,
    );
    assert.match(String(flaws({ logLevel: '' })), /--log-level: '' is not a log level/);
    assert.match(
      String(flaws({}, { env: { LOG_LEVEL: 'constructor' } })),
      /environment: LOG_LEVEL: .*\(use error, warn/,
    );
  });

  test('the head of the document', () => {
    const found = settings({ name: 'N', description: '', version: '2' });
    assert.deepEqual([found.name, found.description, found.version], ['N', '', '2']);
  });

  test('flags without effect are pointed out', () => {
    assert.match(String(warnings({ command: ['y'], hotReload: true })), /--hot-reload: has no effect without --config/);
    assert.match(
      String(warnings({ command: ['y'], pathPrefix: '/a' })),
      /--path-prefix: has no effect without --config/,
    );
    assert.match(String(warnings({ config: 'c', command: ['y'] })), /--config: wins over the command behind --/);
    assert.match(String(warnings({ type: 'sse' })), /--type: has no effect on a configuration file/);
    assert.match(String(warnings({ oauth: true })), /--oauth: has no effect on a configuration file/);
    assert.match(String(warnings({ header: '{}' })), /--header: has no effect on a configuration file/);
    assert.deepEqual(warnings({ command: ['y'], type: 'stdio' }), []);
    assert.deepEqual(warnings({ hotReload: true, pathPrefix: '/a' }), []);
  });

  test('all problems at once, those of the command line among them', () => {
    const problems = [{ file: 'command line', path: '--env', message: 'number 1 is not of the form NAME=value' }];
    const found = flaws({ problems, port: 'x', apiKey: '', store: 'x' }, { env: { LOG_LEVEL: 'x', PUBLIC_URL: 'x' } });
    assert.deepEqual(
      found.map((line) => line.split(': ').slice(0, 2).join(': ')),
      [
        'command line: --env',
        'command line: --port',
        'environment: PUBLIC_URL',
        'command line: --api-key',
        'command line: --store',
        'environment: LOG_LEVEL',
      ],
    );
  });
});

describe('the source', () => {
  const flags = (more: Partial<Flags> = {}): Flags => ({ variables: {}, problems: [], ...more });

  test('--config, the command, CONFIG_PATH, ./config.yaml, ./config.json, nothing', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'latchkey-source-'));
    const env = { CONFIG_PATH: 'env.yaml' };
    const command = ['y', 'z'];
    const file = (name: string, given = name) => ({ kind: 'file', path: join(cwd, name), given });
    assert.equal(resolveSource(flags(), {}, cwd), undefined);
    assert.equal(resolveSource(flags(), { CONFIG_PATH: '' }, cwd), undefined);
    await writeFile(join(cwd, 'config.json'), '{}');
    assert.deepEqual(resolveSource(flags(), {}, cwd), file('config.json', './config.json'));
    await writeFile(join(cwd, 'config.yaml'), '');
    assert.deepEqual(resolveSource(flags(), {}, cwd), file('config.yaml', './config.yaml'));
    assert.deepEqual(resolveSource(flags(), env, cwd), { ...file('env.yaml'), likely: 'servers' });
    assert.deepEqual(resolveSource(flags({ command }), env, cwd), { kind: 'single', command });
    assert.deepEqual(resolveSource(flags({ command, type: 'sse', header: '{}' }), env, cwd), {
      kind: 'single',
      command,
      type: 'sse',
      header: '{}',
    });
    assert.deepEqual(resolveSource(flags({ command, oauth: true }), env, cwd), {
      kind: 'single',
      command,
      oauth: true,
    });
    assert.deepEqual(resolveSource(flags({ command, config: 'c.json' }), env, cwd), file('c.json'));
  });
});

describe('loading everything', () => {
  const flags: Flags = { variables: {}, problems: [] };

  test('settings and configuration together', async () => {
    const path = join(folder, 'good.json');
    await writeFile(path, '{"mcpServers": {"api": {"command": "${C}"}}, "public_url": "https://x.example.org"}');
    const found = await loadAll({ ...flags, pathPrefix: 'tools' }, { C: 'y' }, { kind: 'file', path });
    assert.equal(found.settings.publicUrl.href, 'https://x.example.org/');
    assert.equal(found.settings.pathPrefix, '/tools/');
    assert.deepEqual([...found.configuration.servers.keys()], ['api']);
  });

  test('a login that anyone could use is refused, and said with --insecure-open', async () => {
    const path = join(folder, 'open.json');
    const entry = { type: 'http', url: 'https://x.example.org', oauth: { multi_user: false } };
    await writeFile(path, JSON.stringify({ mcpServers: { x: entry } }));
    const source = { kind: 'file', path } as const;
    await assert.rejects(loadAll({ ...flags, host: '0.0.0.0' }, {}, source), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /mcpServers\.x\.oauth: anyone who reaches 0\.0\.0\.0 could use the one login of 'x'/);
      return true;
    });
    const open = await loadAll({ ...flags, host: '0.0.0.0', insecureOpen: true }, {}, source);
    assert.equal(open.configuration.servers.size, 1);
    await loadAll({ ...flags, host: '0.0.0.0', apiKey: KEY }, {}, source);
    await loadAll(flags, {}, source);
    const single = { kind: 'single', command: ['https://x.example.org'], oauth: true } as const;
    await assert.rejects(loadAll({ ...flags, host: '::' }, {}, single), /command line: --oauth: anyone who reaches ::/);
  });

  test('logins that cannot be finished are a warning of the settings', async () => {
    const path = join(folder, 'each.json');
    await writeFile(path, '{"mcpServers": {"x": {"url": "https://x.example.org", "oauth": true}}}');
    const found = await loadAll({ ...flags, host: '0.0.0.0', apiKey: KEY }, {}, { kind: 'file', path });
    assert.match(found.settings.warnings.map(describeProblem).join(), /public_url: people elsewhere cannot finish/);
    assert.ok(Object.isFrozen(found.settings) && Object.isFrozen(found.settings.warnings));
  });

  test('the problems of both', async () => {
    const path = join(folder, 'bad.json');
    await writeFile(path, '{"mcpServers": {"x": {}}}');
    await assert.rejects(loadAll({ ...flags, port: 'x' }, {}, { kind: 'file', path }), (error: Error) => {
      assert.match(error.message, /bad.json:1: mcpServers.x: Server 'x' must have either/);
      assert.match(error.message, /command line: --port: 'x' is not a port/);
      return true;
    });
  });
});

describe('the catalog for callers without a credential', () => {
  test('is what the operator says', () => {
    for (const anonymousCatalog of ['learned', 'connect-only', 'off'] as const) {
      assert.equal(anonymousCatalogOf({ host: '0.0.0.0', anonymousCatalog }), anonymousCatalog);
      assert.equal(anonymousCatalogOf({ host: '127.0.0.1', anonymousCatalog }), anonymousCatalog);
    }
  });

  test('holds what was learned only on this machine, or where a key opens the documents', () => {
    for (const host of ['127.0.0.1', '::1', 'localhost']) assert.equal(anonymousCatalogOf({ host }), 'learned', host);
    for (const host of ['0.0.0.0', '::', '10.0.0.1']) assert.equal(anonymousCatalogOf({ host }), 'connect-only', host);
    assert.equal(anonymousCatalogOf({ host: '0.0.0.0', documentKey: 'k' }), 'learned');
  });
});
