import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { componentStems, rootOperationIds, serverOperationIds } from '../../src/openapi/names.ts';
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

describe('operationIds of all servers', () => {
  test('server and tool, in characters that model providers accept', () => {
    assert.deepEqual(rootOperationIds([{ server: 'my time', tool: 'get.now-é' }]), ['my_time_get_now-_']);
  });
  test('a name that Open WebUI gives a meaning of its own to gets a suffix', () => {
    const ids = rootOperationIds([
      { server: 'search', tool: 'web' },
      { server: 'view', tool: 'file' },
      { server: 'view', tool: 'folder' },
    ]);
    assert.deepEqual(ids, [`search_web_${hash('search/web')}`, `view_file_${hash('view/file')}`, 'view_folder']);
  });
  test('collisions over servers are told apart', () => {
    const ids = rootOperationIds([
      { server: 'a_b', tool: 'c' },
      { server: 'a', tool: 'b_c' },
      { server: 'a.b', tool: 'c' },
      { server: 'a', tool: `a_b_c_${hash('a/b_c')}`.slice(2) },
    ]);
    assert.equal(new Set(ids).size, 4);
    for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
  });
});

test('component stems fit OpenAPI and stay apart', () => {
  const stems = componentStems(['get-sum', 'a.b', 'ä', 'ö']);
  assert.deepEqual(stems, ['get-sum', 'a.b', `__${hash('ä')}`, `__${hash('ö')}`]);
});
