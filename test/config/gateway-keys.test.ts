/** The keys beside `mcpServers`, which concern the gateway itself. */
import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { describe, test } from 'node:test';
import { load, loadYaml, problemsOf, warningsOf } from './helper.ts';

const mcpServers = { x: { command: 'y' } };

function flaws(keys: object): string[] {
  return problemsOf(() => load({ ...keys, mcpServers })).map((line) => line.replace(/^\S+ /, ''));
}

describe('gateway keys', () => {
  test('none', () => {
    assert.deepEqual(load({ mcpServers }).gateway, { allowedHosts: [] });
  });

  test('all that have an effect', () => {
    const config = load({
      mcpServers,
      public_url: 'https://tools.example.org/mcp/',
      allowed_hosts: ['Other.example.org:8000'],
      store: 'sqlite:data/latchkey.db',
      auth: {
        basic: { enabled: true, credentials: [{ username: 'me', password: 'secret' }] },
        bearer: { enabled: true, tokens: ['token'] },
      },
    });
    assert.deepEqual(config.gateway, {
      publicUrl: 'https://tools.example.org/mcp',
      allowedHosts: ['other.example.org'],
      store: 'sqlite:/srv/data/latchkey.db',
      auth: { basic: [{ username: 'me', password: 'secret' }], bearer: ['token'] },
    });
    assert.deepEqual(config.warnings, []);
  });

  test('the store may lie in memory or in the home folder', () => {
    assert.equal(load({ mcpServers, store: 'memory' }).gateway.store, 'memory');
    assert.equal(load({ mcpServers, store: 'sqlite:~/a.db' }).gateway.store, `sqlite:${homedir()}/a.db`);
  });

  test('auth: what is not enabled lets nobody in', () => {
    const credentials = [{ username: 'a', password: 'b' }];
    for (const auth of [{}, { basic: {} }, { basic: { credentials }, bearer: { tokens: ['x'], enabled: false } }]) {
      const config = load({ mcpServers, auth });
      assert.deepEqual(config.gateway.auth, { basic: [], bearer: [] });
      assert.match(String(warningsOf(config)), /auth: nothing is enabled here, so every request is refused/);
    }
  });

  test('auth: an empty key is no auth, with a warning', () => {
    const config = loadYaml('auth:\nmcpServers: {x: {command: y}}');
    assert.equal(config.gateway.auth, undefined);
    assert.match(String(warningsOf(config)), /auth: is empty, which means that nothing is asked for/);
  });

  test('auth: numbers are taken as they are written', () => {
    const config = loadYaml(`
auth:
  bearer: { enabled: true, tokens: [0123456, 1e3] }
  basic: { enabled: true, credentials: [{ username: 7, password: 0.10 }] }
mcpServers: { x: { command: y } }
`);
    assert.deepEqual(config.gateway.auth, { basic: [{ username: '7', password: '0.10' }], bearer: ['0123456', '1e3'] });
  });

  test('auth: everything that would let the wrong people in', () => {
    assert.deepEqual(flaws({ auth: { basic: { enabled: true }, bearer: { enabled: true, tokens: [] } } }), [
      'auth.basic.credentials: is empty though basic is enabled (list username and password)',
      'auth.bearer.tokens: is empty though bearer is enabled (list the tokens)',
    ]);
    assert.deepEqual(
      flaws({ auth: { basic: { enabled: true, credentials: [{ username: 'a:b' }, { username: '', password: '' }] } } }),
      [
        'auth.basic.credentials[0].username: must not hold a colon (HTTP Basic cannot carry it)',
        'auth.basic.credentials[0].password: is missing',
        'auth.basic.credentials[1].username: must not be empty',
        'auth.basic.credentials[1].password: must not be empty',
      ],
    );
    assert.deepEqual(flaws({ auth: { bearer: { enabled: true, tokens: [''] } } }), [
      'auth.bearer.tokens[0]: must not be empty',
    ]);
    assert.deepEqual(flaws({ auth: [] }), ['auth: must be a mapping']);
    assert.deepEqual(flaws({ auth: { bearer: { enabled: 'yes' } } }), ['auth.bearer.enabled: must be true or false']);
  });

  test('wrong values, all at once', () => {
    const keys = {
      public_url: 'https://x/?a',
      allowed_hosts: ['https://x', 'ok'],
      store: 'redis://x',
      verify_jwt: 'no',
    };
    assert.deepEqual(flaws({ ...keys, verify_jwt: true }), [
      'public_url: must not hold a query or a fragment (write it like https://tools.example.org)',
      "store: has the scheme 'redis', which this version does not know (use 'memory' or 'sqlite:<path>')",
      "allowed_hosts[0]: 'https://x' is not a host name (write only the name, like tools.example.org)",
    ]);
    assert.deepEqual(flaws({ verify_jwt: 'no' }), ['verify_jwt: must be true or false']);
  });
});
