/** Names in documents: titles as mcpo writes them, operationIds, and the operation that tells how to connect. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { componentStems, connectOperation, rootOperationIds, serverOperationIds } from '../../src/openapi/names.ts';
import { pythonTitle } from '../../src/openapi/python-title.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 6);

describe('pythonTitle', () => {
  const rows: [name: string, title: string][] = [
    ['get-HTTP-url', 'Get-Http-Url'],
    ['get_current_time', 'Get Current Time'],
    ['messageType', 'Messagetype'],
    ["3d x2y don't", "3D X2Y Don'T"],
    ['_top', ' Top'],
    ['ß ǆ ﬁx', 'Ss ǅ Fix'],
    ['ΟΔΟΣ', 'Οδος'],
    ['été_über', 'Été Über'],
    ['', ''],
  ];
  for (const [name, title] of rows) test(name, () => assert.equal(pythonTitle(name), title));
});

describe('operationIds of one server', () => {
  const rows: [name: string, id: string][] = [
    ['get-sum', 'tool_get_sum_post'],
    ['a/b c.d', 'tool_a_b_c_d_post'],
    ['é²Ⅷ中x', 'tool_é²Ⅷ中x_post'],
    ['😀', 'tool___post'],
  ];
  for (const [name, id] of rows) test(name, () => assert.deepEqual(serverOperationIds([name]), [id]));

  test('twins both get a suffix, in any order', () => {
    const [a, b] = [`tool_n_twin_post_${hash('n-twin')}`, `tool_n_twin_post_${hash('n_twin')}`];
    assert.deepEqual(serverOperationIds(['n-twin', 'n_twin', 'x']), [a, b, 'tool_x_post']);
    assert.deepEqual(serverOperationIds(['n_twin', 'n-twin']), [b, a]);
  });

  test('64 characters are the most', () => {
    const fits = 'a'.repeat(54);
    assert.deepEqual(serverOperationIds([fits]), [`tool_${fits}_post`]);
    const [id] = serverOperationIds([`${fits}a`]);
    assert.equal(id, `tool_${'a'.repeat(52)}_${hash(`${fits}a`)}`);
    assert.equal(id?.length, 64);
  });
});

type Row = [server: string, ...tools: readonly string[]];

/** The ids of each server's tools; `connect_<server>` is ours. */
function rootIds(...rows: readonly Row[]): string[][] {
  const servers = rows.map(([server, ...tools]) => ({ server, tools, connect: `connect_${server}` }));
  return rootOperationIds(servers).map((ids) => [...ids.values()]);
}

describe('operationIds of all servers', () => {
  test('server and tool, in characters that model providers accept', () => {
    assert.deepEqual(rootIds(['my time', 'get.now-é']), [['my_time_get_now-_']]);
  });
  test('a name that Open WebUI gives a meaning of its own to gets a suffix', () => {
    assert.deepEqual(rootIds(['search', 'web'], ['view', 'file', 'folder']), [
      [`search_web_${hash('search/web')}`],
      [`view_file_${hash('view/file')}`, 'view_folder'],
    ]);
  });
  test('of servers that want the same one the first keeps it', () => {
    assert.deepEqual(rootIds(['a_b', 'c'], ['a', 'b_c'], ['a.b', 'c']), [
      ['a_b_c'],
      [`a_b_c_${hash('a/b_c')}`],
      [`a_b_c_${hash('a.b/c')}`],
    ]);
  });
  test('no server that comes later changes an id, whatever its tools are called', () => {
    const first: Row = ['a_b', 'c', 'd.e', 'd_e', 'connect_a_b'];
    const [alone = []] = rootIds(first);
    const hostile = alone.map((id) => id.replace(/^a_/, '')).concat('b_d_e', 'b_d.e');
    const [beside, ...others] = rootIds(first, ['a', ...hostile]);
    assert.deepEqual(beside, alone);
    const all = [...alone, ...others.flat()];
    assert.equal(new Set(all).size, all.length);
    for (const id of all) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
  });
  test('no tool takes the id of what tells how to connect, also one of a server that comes first', () => {
    assert.deepEqual(rootIds(['connect', 'notes', 'connect_connect'], ['notes', 'connect_notes']), [
      [`connect_notes_${hash('connect/notes')}`, 'connect_connect'],
      ['connect_notes'],
    ]);
  });
  test('somebody who foresees the suffixes of another tool gains nothing', () => {
    const digits = (length: number) => createHash('sha256').update('a/b_c').digest('hex').slice(0, length);
    const foreseen = [6, 12, 24].map((length) => `c_${digits(length)}`);
    const ids = rootIds(['a_b', 'c', ...foreseen], ['a', 'b_c']).flat();
    assert.equal(new Set(ids).size, ids.length);
  });
});

test('in the document of one server too what tells how to connect keeps its id', () => {
  assert.deepEqual(serverOperationIds(['connect-x', 'connect_x'], 'connect_x'), [
    `tool_connect_x_post_${hash('connect-x')}`,
    'tool_connect_x_post',
  ]);
});

describe('what texts call the operation that tells how to connect', () => {
  const told = (server: string, ...names: readonly string[]) =>
    connectOperation(
      names.map((name) => ({ server: name, connect: `connect_${name}` })),
      server,
    );

  test('its id in the document of all servers', () => {
    assert.equal(told('notes', 'notes'), 'connect_notes');
    assert.equal(told('team.notes', 'x', 'team.notes'), 'connect_team_notes');
    assert.equal(told('b', 'a', 'b', 'c'), 'connect_b');
  });
  test('has no name where that is too long or has gone to another server', () => {
    assert.equal(told('n'.repeat(56), 'n'.repeat(56)), `connect_${'n'.repeat(56)}`);
    assert.equal(told('n'.repeat(57), 'n'.repeat(57)), undefined);
    assert.equal(told('team.notes', 'team_notes', 'team.notes'), undefined);
    assert.equal(told('team_notes', 'team_notes', 'team.notes'), 'connect_team_notes');
    assert.equal(told('none', 'notes'), undefined);
  });
});

test('component stems fit OpenAPI and stay apart', () => {
  const stems = componentStems(['get-sum', 'a.b', 'ä', 'ö']);
  assert.deepEqual(stems, ['get-sum', 'a.b', `__${hash('ä')}`, `__${hash('ö')}`]);
});

test('component stems are those of mcpo also where an operation could not have the name', () => {
  assert.deepEqual(componentStems(['search_web']), ['search_web']);
});

describe('a list that foresees every suffix of a name', () => {
  /** The suffixes that `key` would get in turn if nothing else counted. */
  const suffixesOf = (key: string, count: number): string[] =>
    Array.from({ length: count }, (_, round) => {
      const salted = round < 3 ? key : `${key}\n${round}`;
      return createHash('sha256')
        .update(salted)
        .digest('hex')
        .slice(0, [6, 12][round] ?? 24);
    });
  const assertUnforeseen = (id: string | undefined, stem: string, key: string): void => {
    assert.match(id ?? '', new RegExp(`^${stem}_[0-9a-f]{24}$`));
    assert.ok(!suffixesOf(key, 1_000).includes(id?.slice(-24) ?? ''), id);
  };

  test('does not foresee the one that hangs on all of it, and in any order the others keep their names', () => {
    const foreseen = suffixesOf('a b', 50).map((suffix) => `a_b_${suffix}`);
    const names = ['a b', 'a!b', ...foreseen.slice(3)];
    assert.deepEqual(componentStems(names), [`a_b_${hash('a b')}`, `a_b_${hash('a!b')}`, ...foreseen.slice(3)]);
    const all = ['a b', 'a!b', ...foreseen];
    const [first, twin, ...rest] = componentStems(all);
    assertUnforeseen(first, 'a_b', 'a b');
    assert.equal(twin, `a_b_${hash('a!b')}`);
    assert.deepEqual(rest.slice(3), foreseen.slice(3));
    assert.equal(new Set([first, twin, ...rest]).size, all.length);
    assert.deepEqual(componentStems(all.toReversed()).toReversed(), [first, twin, ...rest]);
  });
  test('nor does that of another server', () => {
    const foreseen = suffixesOf('evil_x/t', 50).map((suffix) => `x_t_${suffix}`);
    const [, [id] = []] = rootIds(['evil', 'x_t', ...foreseen], ['evil_x', 't']);
    assertUnforeseen(id, 'evil_x_t', 'evil_x/t');
  });
});

test('names that are no Unicode, and look alike as soon as they are written out, stay apart', () => {
  const names = ['a\ud800', 'a\ud801', 'a\udfff'];
  for (const ids of [serverOperationIds(names), ...rootIds(['s', ...names]), componentStems(names)]) {
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.match(id, /^\w{1,64}$/);
  }
});
