/** What tools of several servers are called at one endpoint, whatever the servers list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublicNames } from '../../../src/mcp/aggregate/names.ts';

const HASHED = /_[0-9a-f]{12}$/;

test('a name is that of the server and that of the tool', () => {
  const names = new PublicNames(['files', 'mail']);
  assert.equal(names.of('files', 'read'), 'files__read');
  assert.equal(names.of('mail', 'read'), 'mail__read');
  assert.equal(names.of('mail', 'a__b'), 'mail__a__b');
});

test('a name that models do not take ends in a hash, and stays what it is', () => {
  const names = new PublicNames(['team/files', 'mail']);
  for (const [server, tool] of [
    ['team/files', 'read'],
    ['mail', 'über'],
    ['mail', 'x'.repeat(100)],
    ['mail', '😀'],
  ] as const) {
    const name = names.of(server, tool);
    assert.match(name, /^[A-Za-z0-9_.-]{1,64}$/);
    assert.match(name, HASHED);
    assert.equal(new PublicNames(['mail', 'other', 'team/files']).of(server, tool), name);
    assert.ok(names.mayBeOf(server, name));
  }
  assert.equal(names.of('mail', 'x'.repeat(58)).length, 64);
  assert.notEqual(names.of('mail', 'x'.repeat(100)), names.of('mail', 'x'.repeat(101)));
  assert.notEqual(names.of('mail', '\ud800'), names.of('mail', '\ud801'));
});

test("no server gets another's name, however the servers stand", () => {
  for (const servers of [
    ['a', 'a__b', 'a_'],
    ['a_', 'a__b', 'a'],
  ]) {
    const names = new PublicNames(servers);
    assert.equal(names.of('a__b', 'delete'), 'a__b__delete');
    assert.match(names.of('a', 'b__delete'), HASHED);
    assert.equal(names.of('a_', 'x'), 'a___x');
    assert.match(names.of('a', '_x'), HASHED);
    assert.ok(!names.mayBeOf('a', 'a__b__delete'));
  }
});

test('nobody can list the hashed name of somebody else', () => {
  const names = new PublicNames(['a/b', 'a_b']);
  const victim = names.of('a/b', 'read');
  assert.match(victim, /^a_b__read_[0-9a-f]{12}$/);
  assert.notEqual(names.of('a_b', victim.slice('a_b__'.length)), victim);
});

test('the tool that connects a server keeps its name, and only for that server', () => {
  const names = new PublicNames(['mail', 'team/files', 'team_files', 'connect']);
  assert.equal(names.of('mail', 'connect_mail'), 'connect_mail');
  assert.equal(names.of('mail', 'latchkey_connect_mail'), 'latchkey_connect_mail');
  assert.equal(names.of('mail', 'connect_team_files'), 'mail__connect_team_files');
  assert.equal(names.of('team/files', 'connect_team_files'), 'connect_team_files');
  assert.match(names.of('team_files', 'connect_team_files'), HASHED);
  assert.ok(names.mayBeOf('mail', 'connect_mail'));
  assert.ok(names.mayBeOf('team_files', names.of('team_files', 'connect_team_files')));
  const odd = new PublicNames(['_x', 'connect']);
  assert.equal(odd.of('_x', 'connect__x'), 'connect__x');
  assert.match(odd.of('connect', 'x'), HASHED);
});

test('only servers that could have a name are asked for it', () => {
  const names = new PublicNames(['files', 'mail']);
  assert.ok(names.mayBeOf('files', 'files__read'));
  assert.ok(!names.mayBeOf('mail', 'files__read'));
  assert.ok(!names.mayBeOf('mail', 'read'));
});
