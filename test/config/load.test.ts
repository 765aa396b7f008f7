/** A whole file: every problem of it is told at once, with its place. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/model.ts';
import { load, loadYaml, problemsOf, warningsOf } from './helper.ts';

const folder = await mkdtemp(join(tmpdir(), 'latchkey-config-'));

async function fileWith(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function refusal(path: string): Promise<string> {
  try {
    await loadConfiguration({ kind: 'file', path }, { env: {} });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.replaceAll(folder, '');
  }
  assert.fail('it was accepted');
}

describe('reading the file', () => {
  const good = '{"mcpServers": {"x": {"command": "y"}}}';

  test('a good file, with a byte order mark, by a symlink', async () => {
    const file = await fileWith('bom.json', `\uFEFF${good}`);
    await symlink(file, join(folder, 'link.json'));
    const config = await loadConfiguration({ kind: 'file', path: join(folder, 'link.json') }, { env: {} });
    assert.deepEqual([...config.servers.keys()], ['x']);
  });

  test('absent', async () => {
    assert.equal(
      await refusal(join(folder, 'nope.json')),
      '/nope.json: does not exist (check the path; --config names the file)',
    );
  });

  test('a directory', async () => {
    await mkdir(join(folder, 'dir.json'));
    assert.match(await refusal(join(folder, 'dir.json')), /is a directory/);
  });

  test('not readable', async () => {
    const file = await fileWith('secret.json', good);
    await chmod(file, 0o000);
    const isRoot = process.geteuid?.() === 0;
    // Root may read everything, so for a moment we are somebody else.
    if (isRoot) process.seteuid?.(65_534);
    const text = await refusal(file).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    assert.match(text, /may not be read by this user/);
  });

  test('larger than 5 MiB, however large', async () => {
    const file = await fileWith('huge.json', good.padEnd(5 * 1024 * 1024 + 1));
    assert.match(await refusal(file), /is larger than 5 MiB/);
    assert.match(await refusal('/dev/zero'), /is larger than 5 MiB/);
  });

  test('exactly 5 MiB is read', async () => {
    const file = await fileWith('large.json', good.padEnd(5 * 1024 * 1024));
    assert.equal((await loadConfiguration({ kind: 'file', path: file }, { env: {} })).servers.size, 1);
  });

  test('binary, UTF-16 and Latin-1', async () => {
    assert.match(await refusal(await fileWith('b.json', Buffer.from([1, 0, 2]))), /is not a text file/);
    assert.match(await refusal(await fileWith('u.json', Buffer.from('\uFEFF{}', 'utf16le'))), /is UTF-16 text/);
    assert.match(await refusal(await fileWith('l.json', Buffer.from('"\xe9"', 'latin1'))), /is not UTF-8 text/);
  });

  test('empty, blank, or only comments', async () => {
    for (const text of ['', ' \n', '// nothing\n']) {
      assert.match(await refusal(await fileWith('empty.json', text)), /empty.json: is empty/);
    }
    for (const text of ['', '# nothing\n', '---\n']) {
      assert.match(await refusal(await fileWith('empty.yaml', text)), /empty.yaml: is empty/);
    }
  });
});

describe('the outline', () => {
  test('anything but a mapping', () => {
    assert.deepEqual(
      problemsOf(() => load('[]')),
      ['/srv/config.json:1: must be a mapping with the key mcpServers, not a list'],
    );
    assert.match(String(problemsOf(() => loadYaml('just text'))), /not a string/);
  });

  test('no mcpServers, in the words of mcpo', () => {
    assert.deepEqual(
      problemsOf(() => load('{}')),
      ["/srv/config.json:1: No 'mcpServers' found in config file. (add it, with at least one server)"],
    );
    assert.deepEqual(
      problemsOf(() => load('{"mcpServers": {}}')),
      ["/srv/config.json:1: mcpServers: No 'mcpServers' found in config file. (it is empty; add a server)"],
    );
    assert.deepEqual(
      problemsOf(() => load('{"public_url": "http://x",\n"mcpserver": {}}')),
      ["/srv/config.json:2: mcpserver: No 'mcpServers' found in config file. ('mcpserver' should be 'mcpServers')"],
    );
  });

  test('mcpServers or an entry of the wrong type', () => {
    assert.match(
      String(problemsOf(() => load('{"mcpServers": [1]}'))),
      /must be a mapping from names to servers, not a list/,
    );
    assert.match(
      String(problemsOf(() => load('{"mcpServers": {"x": 5}}'))),
      /Server 'x' must be a mapping, not a number/,
    );
    assert.match(String(problemsOf(() => load('{"mcpServers": {"x": null}}'))), /not nothing/);
  });

  test('servers and mcpServers together', () => {
    const both = { servers: {}, mcpServers: { x: { command: 'y' } } };
    assert.match(
      String(problemsOf(() => load(both))),
      /servers: a file has either 'servers' or 'mcpServers', not both/,
    );
  });
});

describe('everything at once', () => {
  test('all problems, in the order of the file, with lines', () => {
    const text = `{
  "public_url": "ftp://x",
  "mcpServers": {
    "one": { "command": 5,
      "args": "a" },
    "two": {},
    "three": { "type": "sse" },
    "mcp": { "command": "y" },
    "five": { "command": "\${NOT_SET}" }
  },
  "store": "redis://x"
}`;
    assert.deepEqual(
      problemsOf(() => load(text)).map((line) => line.replace(/ \(.*/, '').replace('/srv/config.json', '')),
      [
        ':2: public_url: must be an http:// or https:// URL',
        ":4: mcpServers.one.command: Server 'one' 'command' must be a string",
        ":5: mcpServers.one.args: Server 'one' 'args' must be a list",
        ":6: mcpServers.two: Server 'two' must have either 'command' for stdio or 'type' and 'url' for remote servers",
        ":7: mcpServers.three.url: Server 'three' of type 'sse' requires a 'url' field",
        ":8: mcpServers.mcp: the server name is reserved: '/mcp' is a path of the gateway itself",
        ':9: mcpServers.five.command: the variable NOT_SET is not set',
        ":11: store: has the scheme 'redis', which this version does not know",
      ],
    );
  });

  test('never a stack trace', () => {
    for (const line of problemsOf(() => load('{"mcpServers": {"x": {"url": 5, "oauth": {"scope": []}}}}'))) {
      assert.doesNotMatch(line, /\n|\bat \w|Zod/);
    }
  });
});

describe('unknown keys', () => {
  test('are warnings with the nearest known key, at any depth', () => {
    const config = load(`{
      "allowed_host": [],
      "mcpServers": { "x": {
        "command": "y",
        "enviroment": {},
        "autoApprove": [],
        "client_header_forwarding": { "whiteList": [] },
        "oauth": { "scopes": "a" } } },
      "auth": { "basic": { "enabled": true, "credentials": [{ "username": "a", "password": "b", "role": 1 }] } }
    }`);
    const unknown = warningsOf(config).filter((line) => line.includes('unknown'));
    assert.deepEqual(
      unknown.map((line) => line.replace('this key is unknown and has no effect', '-').replace('/srv/config.json', '')),
      [
        ":2: allowed_host: - (did you mean 'allowed_hosts'?)",
        ':9: auth.basic.credentials[0].role: -',
        ':5: mcpServers.x.enviroment: -',
        ':6: mcpServers.x.autoApprove: -',
        ":7: mcpServers.x.client_header_forwarding.whiteList: - (did you mean 'whitelist'?)",
        ":8: mcpServers.x.oauth.scopes: - (did you mean 'scope'?)",
      ],
    );
  });

  test("keys that begin with x-, $schema and the inside of free mappings are nobody else's business", () => {
    const config = load({
      $schema: './s.json',
      'x-note': 1,
      mcpServers: { x: { command: 'y', env: { ANY: 'thing' } } },
    });
    assert.deepEqual(warningsOf(config), []);
  });

  test('a key named like a member of Object.prototype is unknown like any other', () => {
    const config = load('{"mcpServers": {"x": {"command": "y", "constructor": {}, "__proto__": {"url": "http://x"}}}}');
    assert.equal(config.servers.get('x')?.endpoint.kind, 'stdio');
    assert.equal(warningsOf(config).length, 2);
  });
});

describe('the result', () => {
  test('keeps the order of the file, also of names that look like numbers', () => {
    const config = load('{"mcpServers": {"b": {"command": "y"}, "2": {"command": "y"}, "1": {"command": "y"}}}');
    assert.deepEqual([...config.servers.keys()], ['b', '2', '1']);
  });

  test('leaves disabled servers out and names them', () => {
    const config = load({ mcpServers: { a: { command: 'y', disabled: true }, b: { command: 'y', disabled: false } } });
    assert.deepEqual([...config.servers.keys()], ['b']);
    assert.deepEqual(config.disabled, ['a']);
  });

  test('is frozen', () => {
    const config = load({ mcpServers: { a: { command: 'y', args: ['z'] } } });
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.gateway) && Object.isFrozen(config.warnings));
  });
});
