/** Where tools are: at their names, unless URL parsers, proxies or people read another path there. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { documentPath } from '../../src/openapi/document-path.ts';
import { buildCatalog, type Catalog, toolAt, toolsAmong } from '../../src/upstream/catalog.ts';
import { answersToName, movedPaths } from '../../src/upstream/tool-path.ts';

const INFO = { name: undefined, version: undefined, instructions: undefined };

function catalogOf(...names: readonly string[]): Catalog {
  return buildCatalog({ info: INFO, tools: names.map((name) => ({ name })) }, { disabledTools: [] });
}

function safePath(name: string): string {
  const encoding = /\p{Cs}/u.test(name) ? 'utf16le' : 'utf8';
  return `tool-${createHash('sha256').update(name, encoding).digest('hex').slice(0, 12)}`;
}

const LEAVING = [
  ...['..', '.', '../victim/x', 'x/../../victim/x', './x', 'x/..', '..\\victim\\x', '.\\x', '/../victim/x', '..//x'],
  ...['%2e%2e/victim/x', '.%2E/victim/x', '%2e/x', '..%2fvictim%2fx', '..%5Cvictim', 'x%2F..%2fy'],
  ...['.\t./victim/x', '.\n.', '\r../x', '\0../x', '.%09./x', '..\t/x', '/\t../x', '.\u0085./x'],
];
const ODD = [
  ...['/x', '//evil.example/x', 'x/', 'a//b', ' x', 'x ', 'x\u00a0', 'a\tb', 'a\nb', 'a\0b', 'a\u007fb', 'a\u0085b'],
  ...['a\\b', '\\\\evil.example', 'a%20b', '%41', '%252e%252e/x', 'https://evil.example/x', '\ud800', 'x\udc00y', '/'],
];
const PLAIN = [
  ...[
    'plain',
    'a.b',
    'a/b',
    'with space',
    'größe',
    'emoji😀',
    '100%',
    '%zz',
    'q?x',
    'h#x',
    'x{id}y',
    '...',
    '..x',
    'x..',
  ],
  ...['.x/y', 'x./y', '..;/x', '．．/x', 'a:b@c', '+a+', 'mcp/x', 'MCP', '__proto__', '\'"<>`|^', '\u2024\u2024/x'],
];

describe('the path of a tool', () => {
  it('is its name, where everybody reads one path there', () => {
    assert.deepEqual([...movedPaths(PLAIN)], []);
  });

  it('is made of its hash, where somebody reads another', () => {
    for (const name of [...LEAVING, ...ODD]) assert.equal(movedPaths([name]).get(name), safePath(name), name);
  });

  it('is never that of another tool', () => {
    const victim = safePath('../x');
    assert.deepEqual([...movedPaths(['../x', victim, `${victim}-2`])], [['../x', `${victim}-3`]]);
    const halves = Array.from({ length: 20_000 }, (_, at) =>
      String.fromCharCode(0xd800 + (at % 1024), 0xd800 + (at >> 10)),
    );
    const paths = [...movedPaths(halves).values()];
    assert.equal(new Set(paths).size, halves.length);
    assert.ok(
      paths.every((path) => /^tool-[0-9a-f]{12}$/.test(path)),
      'none had to look for a free one',
    );
    const names = [...LEAVING, ...ODD, ...PLAIN, 'mcp', victim];
    const { tools } = catalogOf(...names);
    assert.equal(new Set(tools.map(({ path }) => path)).size, names.length);
  });

  it('is the same for everybody, also where somebody else has a tool of that name', () => {
    const path = safePath('../x');
    const [own, all] = [catalogOf('../x', 'fine'), catalogOf('../x', path, 'fine')];
    assert.deepEqual(
      toolsAmong(own, all).map((tool) => tool.path),
      [`${path}-2`, 'fine'],
    );
    assert.equal(toolAt(`${path}-2`, own, all)?.name, '../x');
    assert.equal(toolAt(path, own, all), undefined);
    assert.equal(toolAt('a//b', catalogOf('a//b'), catalogOf('a//b', 'c'))?.name, 'a//b');
  });
});

describe('the name of a tool that has moved', () => {
  it('still finds it, but where it could leave the path of its server', () => {
    for (const name of ODD) assert.equal(catalogOf(name).byPath.get(name)?.name, name, name);
    for (const name of LEAVING) {
      assert.ok(!answersToName(name), name);
      assert.deepEqual([...catalogOf(name).byPath.keys()], [safePath(name)]);
    }
  });
});

it('a path in a document has nothing that a URL parser would take away or read otherwise', () => {
  assert.equal(documentPath('a{b}?c#d%2e\\e\tf\n '), 'a%7Bb%7D%3Fc%23d%252e%5Ce%09f%0A%20');
  assert.equal(documentPath('my time/größe'), 'my time/größe');
  for (const name of [...ODD, ...LEAVING].filter((one) => !/\p{Cs}/u.test(one))) {
    const path = documentPath(name);
    assert.equal(decodeURIComponent(path), name);
    assert.doesNotMatch(path, /[\\?#\p{Cc}]|%2e/iu);
  }
});
