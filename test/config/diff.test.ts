/** Which servers a changed file adds, changes and removes. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffServers } from '../../src/config/diff.ts';
import { load, loadYaml, server } from './helper.ts';

describe('hashes', () => {
  const base = { command: 'y', args: ['a'], env: { A: '1', B: '2' } };
  const { hash } = server(base);

  test('are equal for equal meaning', () => {
    assert.equal(server({ env: { B: '2', A: '1' }, args: ['a'], command: 'y' }).hash, hash);
    assert.equal(server({ ...base, type: 'stdio', timeout: 60, disabled: false, unknown: 1 }).hash, hash);
    assert.equal(server({ ...base, command: '${C}' }, { env: { C: 'y' } }).hash, hash);
    const yaml = loadYaml('mcpServers:\n  x: { command: y, args: [a], env: { A: 1, B: 2 } }\n');
    assert.equal(yaml.servers.get('x')?.hash, hash);
    assert.equal(
      server({ type: 'http', url: 'https://x' }).hash,
      server({ type: 'streamable_http', url: 'https://x/' }).hash,
    );
    assert.equal(
      server({ url: 'https://x', oauth: true }).hash,
      server({ url: 'https://x', oauth: { multi_user: true, session_timeout_minutes: 30 }, isolation: 'shared' }).hash,
    );
    assert.equal(server({ url: 'https://x', oauth: false }).hash, server({ url: 'https://x' }).hash);
    assert.equal(server({ ...base, disabled_tools: ['a'] }).hash, server({ ...base, disabledTools: ['a'] }).hash);
  });

  test('differ with every key that means something', () => {
    const others = [
      { command: 'z' },
      { args: ['b'] },
      { args: ['a', 'a'] },
      { env: { A: '1' } },
      { env: { A: '1', B: '3' } },
      { cwd: '/' },
      { inherit_env: false },
      { disabledTools: ['a'] },
      { enabledTools: [] },
      { timeout: 5 },
      { isolation: 'session' },
      { protocol_version: '2025-06-18' },
    ];
    const hashes = others.map((other) => server({ ...base, ...other }).hash);
    assert.equal(new Set([hash, ...hashes]).size, others.length + 1);
    const remote = { type: 'http', url: 'https://x' };
    const remotes = [
      {},
      { type: 'sse' },
      { url: 'https://y' },
      { headers: { a: 'b' } },
      { oauth: true },
      { oauth: { multi_user: false } },
      { oauth: { scope: 'a' } },
      { oauth: { client_id: 'a' } },
      { oauth: { client_id: 'a', client_secret: 'b' } },
      { oauth: { client_id: 'a', client_secret: 'c' } },
      { oauth: { issuer: 'https://a' } },
      { oauth: { issuer: 'https://a/' } },
      { oauth: { resource: 'omit' } },
      { oauth: { client_metadata: { client_name: 'a' } } },
      { oauth: { storage_type: 'memory' } },
      { oauth: { session_timeout_minutes: 5 } },
      { oauth: { allow_insecure_http: true } },
      { client_header_forwarding: { enabled: true } },
    ].map((other) => server({ ...remote, ...other }).hash);
    assert.equal(new Set(remotes).size, remotes.length);
  });

  test('differ between two names of the same entry, because sessions hang on them', () => {
    const { servers } = load({ mcpServers: { x: base, y: base } });
    assert.notEqual(servers.get('x')?.hash, servers.get('y')?.hash);
  });

  test('do not depend on the other entries', () => {
    const { servers } = load({ mcpServers: { x: base, other: { command: '${SECRET}' } } }, { env: { SECRET: 's' } });
    assert.equal(servers.get('x')?.hash, hash);
  });
});

test('the diff of two configurations', () => {
  const before = load({ mcpServers: { a: { command: 'y' }, b: { command: 'y' }, c: { command: 'y' } } }).servers;
  const after = load({
    mcpServers: {
      d: { command: 'y' },
      c: { command: 'z' },
      b: { command: 'y', args: [] },
      a: { command: 'y', disabled: true },
    },
  }).servers;
  assert.deepEqual(diffServers(before, after), { added: ['d'], removed: ['a'], changed: ['c'], unchanged: ['b'] });
  assert.deepEqual(diffServers(new Map(), new Map()), { added: [], removed: [], changed: [], unchanged: [] });
});
