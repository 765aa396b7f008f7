/** What stands beside the servers in a file of acehoss/mcp-gateway: where to listen, what to log, whom to let in. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfiguration } from '../../src/config/load.ts';
import { load, loadYaml } from './helper.ts';
import { flaws, servers, warnings } from './servers-file-helper.ts';

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
