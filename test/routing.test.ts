/** From a path to a server and what is asked of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodePath, findPlace, publicBase, stripRootPath } from '../src/routing.ts';

const servers = (...names: string[]) => new Map(names.map((name) => [name, name]));

describe('findPlace', () => {
  const find = (names: string[], path: string, pathPrefix = '/', single?: string) => {
    const place = findPlace(servers(...names), path, { pathPrefix, single });
    return place === undefined ? undefined : [place.server, place.rest];
  };

  it('takes the longest server name', () => {
    const names = ['a', 'a/b', 'a/b/c'];
    assert.deepEqual(find(names, '/a/x'), ['a', 'x']);
    assert.deepEqual(find(names, '/a/b/x'), ['a/b', 'x']);
    assert.deepEqual(find(names, '/a/b/c/x/y'), ['a/b/c', 'x/y']);
    assert.deepEqual(find(names, '/a/bc'), ['a', 'bc']);
    assert.deepEqual(find(names, '/a/b/c'), ['a/b/c', '']);
    assert.equal(find(names, '/ab/x'), undefined);
  });

  it('answers one trailing slash and no more', () => {
    assert.deepEqual(find(['a'], '/a/'), ['a', '']);
    assert.deepEqual(find(['a'], '/a/x/'), ['a', 'x']);
    assert.deepEqual(find(['a'], '/a/x//'), ['a', 'x/']);
    assert.deepEqual(find(['a'], '/a//x'), ['a', '/x']);
  });

  it('knows names as they are, those of Object.prototype included only if configured', () => {
    assert.equal(find(['a'], '/__proto__/x'), undefined);
    assert.equal(find(['a'], '/constructor'), undefined);
    assert.deepEqual(find(['__proto__'], '/__proto__/x'), ['__proto__', 'x']);
    assert.equal(find(['A'], '/a/x'), undefined);
    assert.equal(find([], '/'), undefined);
    assert.equal(find(['a'], '/'), undefined);
  });

  it('puts the path prefix before server names only', () => {
    assert.deepEqual(find(['a'], '/pre/a/x', '/pre/'), ['a', 'x']);
    assert.equal(find(['a'], '/a/x', '/pre/'), undefined);
    assert.equal(find(['a'], '/prefix/a', '/pre/'), undefined);
  });

  it('finds the single server under its name and at the root', () => {
    assert.deepEqual(find(['default'], '/default/x', '/', 'default'), ['default', 'x']);
    assert.deepEqual(find(['default'], '/x/y', '/', 'default'), ['default', 'x/y']);
    assert.deepEqual(find(['default'], '/', '/', 'default'), ['default', '']);
  });

  it('is quick on a path of many slashes', () => {
    assert.equal(find(['a'], `/${'/'.repeat(10_000)}`), undefined);
  });

  it('looks for no name that is longer than all names, however many slashes a path has', () => {
    let looks = 0;
    const counted = servers('a', 'team/notes');
    const get = counted.get.bind(counted);
    counted.get = (name) => {
      looks += 1;
      return get(name);
    };
    const slashes = '/a'.repeat(10_000);
    const options = { pathPrefix: '/', single: undefined };
    assert.deepEqual(findPlace(counted, `/team/notes${slashes}`, options), {
      server: 'team/notes',
      rest: slashes.slice(1),
    });
    assert.equal(looks, 1);
    assert.equal(findPlace(counted, `/b${slashes}`, options), undefined);
    assert.ok(looks < 10, `${looks} looks`);
  });
});

describe('decodePath', () => {
  it('decodes once, and refuses malformed escapes and invalid UTF-8', () => {
    assert.equal(decodePath('/a%20b%2Fc'), '/a b/c');
    assert.equal(decodePath('/a%2520'), '/a%20');
    assert.equal(decodePath('/a+b'), '/a+b');
    for (const path of ['/%', '/%zz', '/%e0%a4%a', '/%ff', '/%c0%ae']) assert.equal(decodePath(path), undefined, path);
  });
});

describe('stripRootPath', () => {
  it('removes the whole prefix, once, and nothing that only begins like it', () => {
    assert.equal(stripRootPath('/api/x?y=/api', '/api'), '/x?y=/api');
    assert.equal(stripRootPath('/api', '/api'), '/');
    assert.equal(stripRootPath('/api/', '/api'), '/');
    assert.equal(stripRootPath('/api?x', '/api'), '/?x');
    assert.equal(stripRootPath('/api/api/x', '/api'), '/api/x');
    for (const url of ['/apis', '/x/api', '/', '*']) assert.equal(stripRootPath(url, '/api'), url);
    assert.equal(stripRootPath('/api/x', ''), '/api/x');
  });
});

describe('publicBase', () => {
  it('adds the root path unless the public URL has a path of its own', () => {
    assert.equal(publicBase(new URL('https://a.example'), ''), 'https://a.example');
    assert.equal(publicBase(new URL('https://a.example'), '/r'), 'https://a.example/r');
    assert.equal(publicBase(new URL('https://a.example:8443/own/'), '/r'), 'https://a.example:8443/own');
  });
});
