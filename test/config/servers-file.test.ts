/** A file of acehoss/mcp-gateway, which lists its servers under `servers`: how it is known, and what is another in it. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfiguration } from '../../src/config/load.ts';
import { ConfigError, type Configuration, type FileShape } from '../../src/config/model.ts';
import { load, loadYaml, problemsOf, warningsOf } from './helper.ts';

const servers = { x: { command: 'y' } };

function withoutFile(line: string): string {
  return line.replace(/^\S+ /, '');
}

function flaws(file: string | object): string[] {
  return problemsOf(() => (typeof file === 'string' ? loadYaml(file) : load(file))).map(withoutFile);
}

function refusal(text: string, likely: FileShape = 'mcpServers'): ConfigError {
  try {
    parseConfiguration(text, '/srv/config.yaml', { env: {} }, likely);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

const warnings = (config: Configuration) => warningsOf(config).map(withoutFile);

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

describe('the keys beside the servers', () => {
  test('say where to listen and what to log, in files of both kinds', () => {
    const keys = { hostname: '[::1]', port: '3000', debug: { level: 'Verbose' } };
    for (const file of [{ servers }, { mcpServers: servers }]) {
      const { host, port, logLevel } = load({ ...file, ...keys }).gateway;
      assert.deepEqual([host, port, logLevel], ['::1', 3000, 'trace']);
    }
    assert.equal(loadYaml('port: 0xBB8\nservers: {x: {command: y}}').gateway.port, 3000);
    assert.equal(loadYaml('port: 3000.0\nservers: {x: {command: y}}').gateway.port, 3000);
    assert.equal(load({ port: '${P}', servers }, { env: { P: ' 3000 ' } }).gateway.port, 3000);
  });

  test('count as absent where they are empty', () => {
    const text = 'hostname:\nport: 3000\ndebug:\n  level:\nsessions:\n  total:\nauth:\nservers: {x: {command: y}}';
    const { allowedHosts, sessions, ...rest } = loadYaml(text).gateway;
    assert.deepEqual({ rest, sessions }, { rest: { port: 3000 }, sessions: {} });
    assert.equal(load({ port: 1, hostname: '', servers }).gateway.host, undefined);
    assert.deepEqual(loadYaml('debug:\nsessions:\nmcpServers: {x: {command: y}}').gateway, { allowedHosts: [] });
  });

  test('limit sessions', () => {
    const sessions = { idle_minutes: 0.5, per_principal: 2, total: 3, start_seconds: 1.5 };
    assert.deepEqual(load({ mcpServers: servers, sessions }).gateway.sessions, {
      idleMs: 30_000,
      mostPerPrincipal: 2,
      most: 3,
      startMs: 1500,
    });
    assert.deepEqual(
      flaws({ mcpServers: servers, sessions: { idle_minutes: 0, per_principal: 0, total: 1.5, start_seconds: 'a' } }),
      [
        'sessions.idle_minutes: must be greater than 0',
        'sessions.per_principal: must be greater than 0',
        'sessions.total: must be a whole number',
        'sessions.start_seconds: must be a number',
      ],
    );
  });

  test('are checked', () => {
    for (const port of ['65536', -1, 3000.5, 'http', '1 2', true, 1e21]) {
      assert.match(
        String(flaws({ port, servers })),
        /^port: '.*' is not a port \(use a number from 1 to 65535\)$/,
        String(port),
      );
    }
    assert.deepEqual(flaws({ port: [3000], servers }), ['port: must be a number']);
    for (const hostname of ['a b', 'http://x']) {
      assert.match(String(flaws({ port: 1, hostname, servers })), /^hostname: '.*' is not a host name or an address$/);
    }
    assert.deepEqual(flaws({ port: 1, debug: { level: 'infos' }, servers }), [
      "debug.level: 'infos' is not a log level (did you mean 'info'?)",
    ]);
  });

  test('must name a port, unless the command line does', () => {
    for (const file of [{ servers }, { servers, port: null }]) {
      assert.deepEqual(flaws(file), ['port: Port must be specified in config (as port: 3000, or start with --port)']);
    }
    for (const port of [0, '0', '', '0x0']) {
      assert.match(String(flaws({ servers, port })), /^port: Port must be specified in config \(use a number from 1/);
    }
    const config = parseConfiguration('{"servers": {"x": {"command": "y"}}}', '/srv/c.json', {
      env: {},
      hasPort: true,
    });
    assert.equal(config.gateway.port, undefined);
    assert.equal(load({ mcpServers: servers }).gateway.port, undefined);
  });
});

describe('auth of a file with servers', () => {
  test('without a list is a warning: it starts, and lets nobody in by that', () => {
    const texts = [
      '{enabled: true}',
      '{enabled: true, tokens: , credentials: }',
      '{enabled: true, tokens: [], credentials: []}',
    ];
    for (const block of texts) {
      const config = loadYaml(`port: 1\nauth: {basic: ${block}, bearer: ${block}}\nservers: {x: {command: y}}`);
      assert.deepEqual(config.gateway.auth, { basic: [], bearer: [] });
      const empty = warnings(config).filter((line) => !line.includes('unknown'));
      assert.deepEqual(
        empty,
        [
          'auth.basic.credentials: is empty though basic is enabled: nobody gets in by it (list username and password)',
          'auth.bearer.tokens: is empty though bearer is enabled: nobody gets in by it (list the tokens)',
        ],
        block,
      );
    }
    const auth = { bearer: { enabled: true } };
    assert.match(
      String(flaws({ mcpServers: servers, auth })),
      /^auth\.bearer\.tokens: is empty though bearer is enabled/,
    );
  });

  test('with nothing enabled refuses all', () => {
    for (const auth of ['{}', '{basic: , bearer: }', '{basic: {enabled: }, bearer: {enabled: false, tokens: [x]}}']) {
      const config = loadYaml(`port: 1\nauth: ${auth}\nservers: {x: {command: y}}`);
      assert.deepEqual(config.gateway.auth, { basic: [], bearer: [] }, auth);
      assert.match(String(warnings(config)), /^auth: nothing is enabled here, so every request is refused/);
    }
  });

  test('takes numbers as they are written, and refuses tokens that no header carries', () => {
    const text = 'port: 1\nauth: {bearer: {enabled: true, tokens: [007, a b]}}\nservers: {x: {command: y}}';
    assert.deepEqual(loadYaml(text).gateway.auth?.bearer, ['007', 'a b']);
    const auth = { bearer: { enabled: true, tokens: [' a', 'a ', 'a\nb', 'a\0b', '', '\u20ac', 'fine'] } };
    const lost = 'begins or ends with a space, which is lost on the way';
    const odd = 'holds a character that a header cannot carry';
    assert.deepEqual(flaws({ port: 1, auth, servers }), [
      `auth.bearer.tokens[0]: ${lost}`,
      `auth.bearer.tokens[1]: ${lost}`,
      'auth.bearer.tokens[2]: must not hold a line break (a secret read from a file often ends in one)',
      `auth.bearer.tokens[3]: ${odd}`,
      'auth.bearer.tokens[4]: must not be empty',
      `auth.bearer.tokens[5]: ${odd}`,
    ]);
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
