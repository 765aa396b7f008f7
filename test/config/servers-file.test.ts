/** A file of acehoss/mcp-gateway, which lists its servers under `servers`: how it is known, and what is another in it. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfiguration } from '../../src/config/load.ts';
import { ConfigError, type Configuration, type FileShape } from '../../src/config/model.ts';
import { load, loadYaml } from './helper.ts';
import { flaws, servers, warnings } from './servers-file-helper.ts';

function refusal(text: string, likely: FileShape = 'mcpServers'): ConfigError {
  try {
    parseConfiguration(text, '/srv/config.yaml', { env: {} }, likely);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

describe('a file with servers', () => {
  test('is known by that key', () => {
    const config = loadYaml('port: 3000\nservers:\n  x:\n    command: y\n');
    assert.equal(config.shape, 'servers');
    assert.deepEqual([...config.servers.keys()], ['x']);
    assert.equal(load({ mcpServers: servers, port: 3000 }).shape, 'mcpServers');
  });

  test('is known by what only such a file has, where the servers are missing', () => {
    for (const text of ['port: 3000', 'hostname: x', 'debug: {level: info}', 'servers:']) {
      assert.equal(refusal(text).shape, 'servers', text);
    }
    for (const text of ['auth: {}', 'port: 3000\nmcpServers: {}', 'port: 3000\nmcpServer: {}', 'a']) {
      assert.equal(refusal(text).shape, 'mcpServers', text);
    }
  });

  test('is what somebody expects who has no other sign of it', () => {
    for (const text of ['', 'auth: {}', 'a', '- a', 'a: b: c']) {
      assert.equal(refusal(text, 'servers').shape, 'servers', text);
      assert.equal(refusal(text).shape, 'mcpServers', text);
    }
    assert.equal(refusal('mcpServers:', 'servers').shape, 'mcpServers');
  });

  test('that cannot be parsed is known by its look', () => {
    assert.equal(refusal('port: 3000\nservers: {').shape, 'servers');
    assert.equal(refusal('{"servers": {').shape, 'servers');
    assert.equal(refusal('{\n  "servers": {').shape, 'servers');
    assert.equal(refusal('servers: {\nmcpServers: {}', 'servers').shape, 'mcpServers');
  });

  test('has its own defaults, and every key of an entry', () => {
    const config = load({
      port: 3000,
      servers: {
        plain: { command: 'y', args: [1] },
        full: { command: 'y', isolation: 'shared', start: 'always', timeout: 5, env: { A: 'b' }, disabledTools: ['d'] },
        remote: { url: 'https://example.org/mcp', type: 'http', oauth: true },
      },
    });
    const { plain, full, remote } = Object.fromEntries(config.servers);
    assert.deepEqual([plain?.isolation, plain?.start, plain?.timeoutMs], ['principal', 'on-demand', 600_000]);
    assert.deepEqual([full?.isolation, full?.start, full?.timeoutMs], ['shared', 'always', 5000]);
    assert.deepEqual(full?.disabledTools, ['d']);
    const wayOf = (server: typeof plain) => server?.endpoint.kind === 'stdio' && server.endpoint.endsBy;
    assert.deepEqual([plain, full].map(wayOf), ['SIGTERM', 'SIGTERM']);
    assert.equal(wayOf(load({ mcpServers: servers }).servers.get('x')), 'stdin');
    assert.deepEqual([remote?.isolation, remote?.start, remote?.oauth?.multiUser], ['principal', 'on-demand', true]);
    assert.deepEqual(config.warnings, []);
  });

  test('names its own paths in what it says', () => {
    const entries = {
      one: { command: 5 },
      two: {},
      mcp: { command: 'y' },
      four: { command: '${NOT_SET}' },
      five: [],
    };
    const paths = flaws({ port: 3000, servers: entries }).map((line) => line.split(': ')[0]);
    assert.deepEqual(paths.sort(), [
      'servers.five',
      'servers.four.command',
      'servers.mcp',
      'servers.one.command',
      'servers.two',
    ]);
    const odd = { command: 'y', bogus: 1, cwd: '/nowhere/at/all', headers: {}, disabledTools: [], disabled_tools: [] };
    const config = load({
      port: 3000,
      servers: { x: odd, y: { url: 'http://y', oauth: { multi_user: true }, isolation: 'shared' } },
    });
    assert.ok(config.warnings.length >= 5, warnings(config).join('\n'));
    for (const { path } of config.warnings) assert.match(path, /^servers\.[xy]\./);
  });

  test('may have servers that are called like members of Object.prototype', () => {
    const config = load('{"port": 3000, "servers": {"__proto__": {"command": "y"}, "constructor": {"command": "z"}}}');
    assert.deepEqual([...config.servers.keys()], ['__proto__', 'constructor']);
    const [first, second] = [...config.servers.values()].map(({ endpoint }) => endpoint);
    assert.ok(first?.kind === 'stdio' && second?.kind === 'stdio');
    assert.deepEqual([first.command, second.command], ['y', 'z']);
  });

  test('stands beside a mcpServers without a value, and the other way round', () => {
    assert.equal(load({ port: 3000, mcpServers: null, servers }).shape, 'servers');
    assert.equal(load({ port: 3000, mcpServers: servers, servers: null }).shape, 'mcpServers');
  });

  test('may have blanks in what is switched off, and a level that is empty', () => {
    const basic = { enabled: false, credentials: [{ username: '', password: '' }] };
    const bearer = { enabled: true, tokens: ['a-token'] };
    const { auth, logLevel } = load({ port: 3000, auth: { basic, bearer }, debug: { level: '' }, servers }).gateway;
    assert.deepEqual([auth, logLevel], [{ basic: [], bearer: ['a-token'] }, undefined]);
    assert.equal(flaws({ port: 3000, auth: { basic: { ...basic, enabled: true } }, servers }).length, 2);
  });

  test('is an error beside mcpServers, even an empty one', () => {
    for (const mcpServers of [{}, servers]) {
      assert.deepEqual(flaws({ port: 3000, mcpServers, servers }), [
        "servers: a file has either 'servers' or 'mcpServers', not both (move all into one of them)",
      ]);
    }
  });
});

describe('the working directory of an entry', () => {
  const entry = (keys: object) => load({ port: 3000, servers: { x: { command: 'y', ...keys } } });
  const cwdOf = (config: Configuration) => {
    const endpoint = config.servers.get('x')?.endpoint;
    return endpoint?.kind === 'stdio' ? endpoint.cwd : assert.fail();
  };

  test('is path, from the folder of the file', () => {
    assert.equal(cwdOf(entry({ path: 'sub/..' })), '/srv');
    assert.equal(cwdOf(entry({ path: '/' })), '/');
    assert.equal(cwdOf(entry({})), undefined);
  });

  test('is cwd where both are there, with a warning', () => {
    const config = entry({ path: '/', cwd: '/tmp' });
    assert.equal(cwdOf(config), '/tmp');
    assert.deepEqual(warnings(config), ["servers.x.path: 'cwd' is there too and wins (keep one of them)"]);
  });

  test('may be missing, with a warning that names the key', () => {
    assert.deepEqual(warnings(entry({ path: 'nope' })), ['servers.x.path: the folder /srv/nope does not exist']);
    assert.deepEqual(warnings(entry({ cwd: 'nope' })), ['servers.x.cwd: the folder /srv/nope does not exist']);
  });

  test('is not path below mcpServers, where mcpo ignored it', () => {
    const config = load({ mcpServers: { x: { command: 'y', path: '/' } } });
    assert.equal(cwdOf(config), undefined);
    assert.deepEqual(warnings(config), ["mcpServers.x.path: has an effect only below 'servers' (write 'cwd')"]);
  });
});

describe('what acehoss/mcp-gateway says of a broken file', () => {
  const words = (text: string, likely?: FileShape) =>
    refusal(text, likely).problems.flatMap(({ original }) => original ?? []);

  test('is known for a port and servers that are missing', () => {
    assert.deepEqual(words('servers: {x: {command: y}}'), ['Error: Port must be specified in config']);
    assert.deepEqual(words('port: 0\nservers: {x: {command: y}}'), ['Error: Port must be specified in config']);
    for (const text of ['port: 1', 'port: 1\nservers:', 'port: 1\nservers: {}', 'port: 1\nserver: {x: {command: y}}']) {
      assert.deepEqual(words(text), ['Error: At least one server must be configured'], text);
    }
    assert.deepEqual(words('servers: {}'), [
      'Error: Port must be specified in config',
      'Error: At least one server must be configured',
    ]);
  });

  test('is known for a text that is no YAML', () => {
    assert.match(String(words('port: 1\nservers: {')), /^YAMLParseError: Flow map .* at line 2$/);
    assert.deepEqual(words('port: 1\nport: 2\nservers: {x: {command: y}}'), [
      'YAMLParseError: port: this key stands here twice at line 2',
    ]);
  });
});
