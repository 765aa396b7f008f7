/** One entry: its kind, its keys, its name. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RESERVED_NAMES } from '../../src/config/server-name.ts';
import { entryProblems, load, problemsOf, server, warningsOf } from './helper.ts';

const EITHER = "Server 'x' must have either 'command' for stdio or 'type' and 'url' for remote servers";

/** The only problem of an entry, without place and remedy. */
function flaw(entry: object): string {
  const lines = entryProblems(entry);
  assert.equal(lines.length, 1, lines.join('\n'));
  return (lines[0] ?? '').replace(/^.*?: (?=Server)/, '').replace(/ \([^(]*\)$/, '');
}

function warnings(entry: object): string[] {
  return warningsOf(load({ mcpServers: { x: entry } })).map((line) => line.replace(/^\S+ mcpServers\./, ''));
}

describe('the kind of server', () => {
  const url = 'https://mcp.example.org/mcp';

  test('follows from type, url and command as in mcpo', () => {
    const cases: [object, string][] = [
      [{ command: 'y' }, 'stdio'],
      [{ type: 'stdio', command: 'y' }, 'stdio'],
      [{ type: 'stdio', command: 'y', url }, 'stdio'],
      [{ url }, 'sse'],
      [{ url, command: 'y' }, 'sse'],
      [{ type: 'sse', url }, 'sse'],
      [{ type: 'streamable-http', url }, 'http'],
      [{ type: 'streamable_http', url }, 'http'],
      [{ type: 'streamablehttp', url }, 'http'],
      [{ type: 'http', url }, 'http'],
      [{ type: null, command: 'y', url: null }, 'stdio'],
      [{ type: 'local', command: 'y' }, 'stdio'],
    ];
    for (const [entry, kind] of cases) assert.equal(server(entry).endpoint.kind, kind, JSON.stringify(entry));
  });

  test('what is missing is told in the words of mcpo', () => {
    assert.equal(flaw({}), EITHER);
    assert.equal(flaw({ command: '' }), EITHER);
    assert.equal(flaw({ type: 'stdio', url }), EITHER);
    assert.equal(flaw({ type: 'nonsense', url }), EITHER);
    assert.equal(flaw({ type: 'sse', command: 'y' }), "Server 'x' of type 'sse' requires a 'url' field");
    assert.equal(flaw({ type: 'streamable_http' }), "Server 'x' of type 'streamable_http' requires a 'url' field");
  });

  test('an unknown type is pointed out', () => {
    assert.match(String(entryProblems({ type: 'sttdio' })), /mcpServers.x.type: .*\(did you mean 'stdio'\?\)/);
    assert.match(String(entryProblems({ type: 'remote', url })), /'remote' is not a known type; use stdio, sse or/);
    assert.deepEqual(warnings({ type: 'local', command: 'y' }), [
      "x.type: the type 'local' is unknown; taken as stdio, because there is a command",
    ]);
    assert.match(String(entryProblems({ type: 5, command: 'y' })), /'type' must be one of/);
  });

  test('keys of the other kind are named', () => {
    assert.deepEqual(warnings({ command: 'y', headers: {}, oauth: true }), [
      'x.headers: this key has no effect on a server of type stdio',
      'x.oauth: this key has no effect on a server of type stdio',
    ]);
    assert.deepEqual(warnings({ url, command: 'y', cwd: '/' }), [
      'x.command: this key has no effect on a server of type sse',
      'x.cwd: this key has no effect on a server of type sse',
    ]);
  });
});

describe('keys of the wrong type', () => {
  test('are told in the words of mcpo', () => {
    const y = { command: 'y' };
    assert.equal(flaw({ command: 5 }), "Server 'x' 'command' must be a string");
    assert.equal(flaw({ ...y, args: 'a b' }), "Server 'x' 'args' must be a list");
    assert.equal(flaw({ ...y, args: [{}] }), "Server 'x' 'args' must contain only strings");
    assert.equal(flaw({ ...y, disabledTools: 'a' }), "Server 'x' 'disabledTools' must be a list");
    assert.equal(flaw({ ...y, disabledTools: [1] }), "Server 'x' 'disabledTools' must contain only strings");
    assert.equal(flaw({ ...y, disabled_tools: 1 }), "Server 'x' 'disabled_tools' must be a list");
    assert.equal(
      flaw({ url: 'http://x', client_header_forwarding: { enabled: 'yes' } }),
      "Server 'x' 'client_header_forwarding.enabled' must be a boolean",
    );
    assert.equal(
      flaw({ url: 'http://x', client_header_forwarding: { whitelist: 'a' } }),
      "Server 'x' 'client_header_forwarding.whitelist' must be a list",
    );
  });

  test('and in the same manner for every other key', () => {
    const y = { command: 'y' };
    assert.equal(flaw({ ...y, env: [] }), "Server 'x' 'env' must be a mapping");
    assert.equal(flaw({ ...y, env: { A: null } }), "Server 'x' 'env.A' must be a string");
    assert.equal(flaw({ ...y, env: { 'A=B': 'c' } }), "Server 'x' 'env.A=B' is not a valid name");
    assert.equal(flaw({ ...y, env: { A: 'a\0b' } }), "Server 'x' 'env.A' must not hold a NUL character");
    assert.equal(flaw({ ...y, cwd: 5 }), "Server 'x' 'cwd' must be a string");
    assert.equal(flaw({ ...y, inherit_env: 'no' }), "Server 'x' 'inherit_env' must be a boolean");
    assert.equal(flaw({ ...y, disabled: 'yes' }), "Server 'x' 'disabled' must be a boolean");
    assert.equal(flaw({ ...y, enabledTools: 'a' }), "Server 'x' 'enabledTools' must be a list");
    assert.equal(flaw({ ...y, isolation: 'user' }), "Server 'x' 'isolation' must be one of shared, principal, session");
    assert.equal(flaw({ ...y, timeout: 0 }), "Server 'x' 'timeout' must be greater than 0");
    assert.equal(flaw({ ...y, timeout: 1e9 }), "Server 'x' 'timeout' must be at most 2073600");
    assert.equal(flaw({ ...y, timeout: '30' }), "Server 'x' 'timeout' must be a number");
    assert.match(flaw({ ...y, protocol_version: '2025-06-17' }), /'protocol_version' must be one of 2024-11-05, /);
    assert.equal(flaw({ url: 'ftp://x' }), "Server 'x' 'url' must be an http:// or https:// URL");
    assert.equal(flaw({ url: 'http://x', oauth: 'yes' }), "Server 'x' 'oauth' must be true or a mapping");
    assert.equal(
      flaw({ url: 'http://x', oauth: { multi_user: 1 } }),
      "Server 'x' 'oauth.multi_user' must be a boolean",
    );
  });

  test('headers that could not be sent', () => {
    const header = (name: string, value: unknown) => flaw({ url: 'http://x', headers: { [name]: value } });
    assert.equal(header('a b', 'c'), "Server 'x' 'headers.a b' is not a valid header name");
    assert.match(entryProblems({ url: 'http://x', headers: { a: 'b\n' } })[0] ?? '', /must not hold a line break/);
    assert.equal(header('a', '\u20ac'), "Server 'x' 'headers.a' holds a character that a header cannot carry");
    assert.equal(header('a', {}), "Server 'x' 'headers.a' must be a string");
  });
});

describe('what becomes of the keys', () => {
  test('defaults', () => {
    const { hash, ...config } = server({ command: 'y' });
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(config, {
      name: 'x',
      endpoint: { kind: 'stdio', command: 'y', args: [], env: {}, inheritEnv: true, withheldEnv: [], endsBy: 'stdin' },
      disabledTools: [],
      timeoutMs: 60_000,
      isolation: 'shared',
      start: 'always',
    });
  });

  test('everything for a program', () => {
    const { hash: _, ...config } = server({
      type: 'stdio',
      command: 'y',
      args: ['a', 1, true],
      env: { A: 'b', N: 2 },
      cwd: 'sub/..',
      inherit_env: false,
      disabledTools: ['d*'],
      enabledTools: ['e'],
      timeout: 1.5,
      isolation: 'session',
      start: 'on-demand',
      protocol_version: '2026-07-28',
    });
    assert.deepEqual(config, {
      name: 'x',
      endpoint: {
        kind: 'stdio',
        command: 'y',
        args: ['a', '1', 'true'],
        env: { A: 'b', N: '2' },
        cwd: '/srv',
        inheritEnv: false,
        withheldEnv: [],
        endsBy: 'stdin',
      },
      enabledTools: ['e'],
      disabledTools: ['d*'],
      timeoutMs: 1500,
      isolation: 'session',
      start: 'on-demand',
      protocolVersion: '2026-07-28',
    });
  });

  test('everything for a server on the network', () => {
    const { hash: _, ...config } = server({
      type: 'http',
      url: 'https://example.org/mcp?a=b#c',
      headers: { 'X-Key': 'k', 'X-Number': 5 },
      client_header_forwarding: { enabled: true, whitelist: ['X-*'], blacklist: ['X-No'], debug_headers: true },
      disabled_tools: ['d'],
      enabled_tools: [],
    });
    assert.deepEqual(config, {
      name: 'x',
      endpoint: {
        kind: 'http',
        url: new URL('https://example.org/mcp?a=b'),
        headers: { 'X-Key': 'k', 'X-Number': '5' },
      },
      enabledTools: [],
      disabledTools: ['d'],
      timeoutMs: 60_000,
      isolation: 'shared',
      start: 'always',
      forwardHeaders: { whitelist: ['X-*'], blacklist: ['X-No'], debug: true },
    });
  });

  test('a name and password in the URL become a header, unless there is one', () => {
    const { endpoint } = server({ url: 'https://me:p%40ss@example.org/' });
    assert.ok(endpoint.kind === 'sse');
    assert.equal(endpoint.url.href, 'https://example.org/');
    assert.deepEqual(endpoint.headers, { authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` });
    const other = server({ url: 'https://me@example.org/', headers: { AUTHORIZATION: 'mine' } }).endpoint;
    assert.ok(other.kind === 'sse');
    assert.deepEqual(other.headers, { AUTHORIZATION: 'mine' });
  });

  test('camelCase wins over snake_case, even when empty, and a warning says so', () => {
    const entry = { command: 'y', disabledTools: [], disabled_tools: ['a'], enabledTools: ['b'], enabled_tools: ['c'] };
    assert.deepEqual(server(entry).disabledTools, []);
    assert.deepEqual(server(entry).enabledTools, ['b']);
    assert.equal(warnings(entry).length, 2);
    assert.match(warnings(entry)[0] ?? '', /x.disabled_tools: 'disabledTools' is there too and wins/);
  });

  test('forwarding that is not enabled is none', () => {
    const entry = { url: 'http://x', client_header_forwarding: { whitelist: ['a'] } };
    assert.equal(server(entry).forwardHeaders, undefined);
  });

  test('a timeout that looks like milliseconds, and a folder that is not there, are pointed out', () => {
    assert.deepEqual(warnings({ command: 'y', timeout: 5000 }), [
      'x.timeout: the timeout is in seconds: 5000 is more than an hour',
    ]);
    assert.deepEqual(warnings({ command: 'y', timeout: 3600 }), []);
    assert.deepEqual(warnings({ command: 'y', cwd: 'no-such-folder' }), [
      'x.cwd: the folder /srv/no-such-folder does not exist',
    ]);
  });
});

describe('names', () => {
  const named = (name: string, pathPrefix?: string) =>
    load(
      { mcpServers: Object.fromEntries([[name, { command: 'y' }]]) },
      pathPrefix === undefined ? {} : { pathPrefix },
    );

  test('may be almost anything', () => {
    for (const name of [
      'time',
      'a b',
      'a/b',
      'ünï',
      'apis',
      'Docs',
      '__proto__',
      'constructor',
      'toString',
      'a.b',
      '100%',
    ]) {
      const config = named(name);
      assert.deepEqual([...config.servers.keys()], [name]);
      assert.equal(config.servers.get(name)?.name, name);
    }
  });

  test('reserved ones are refused, also as a first part, except under a path prefix', () => {
    assert.equal(RESERVED_NAMES.size, 13);
    for (const name of [...RESERVED_NAMES, 'api/x', 'oauth/y/z']) {
      assert.match(String(problemsOf(() => named(name))), /is reserved: .*--path-prefix/, name);
      assert.match(String(problemsOf(() => named(name, '/'))), /is reserved/, name);
      assert.equal(named(name, '/tools/').servers.size, 1);
    }
  });

  test('ones that no path can hold are refused', () => {
    for (const name of [
      '',
      ' ',
      'a?b',
      'a#b',
      'a\\b',
      'a\nb',
      'a\u0000',
      '\u007f',
      '/a',
      'a/',
      'a//b',
      '.',
      'a/..',
      '%2e',
    ]) {
      assert.match(String(problemsOf(() => named(name, '/tools/'))), /the server name /, JSON.stringify(name));
    }
  });

  test('a disabled entry with a bad name is told too', () => {
    assert.match(String(problemsOf(() => load({ mcpServers: { api: { disabled: true } } }))), /is reserved/);
  });
});
