/** What all directories together remember. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../../src/mcp/aggregate/directory.ts';
import { Room } from '../../../src/mcp/aggregate/room.ts';

const NAME = 'n'.repeat(100);

function knowing(room: Room): Directory {
  const directory = new Directory(room);
  directory.serve(['a']);
  directory.learn('resources', 'a', [{ id: NAME, value: {} }]);
  return directory;
}

test('where directories hold too much together, the one that was used longest ago forgets', () => {
  const room = new Room(600);
  const first = knowing(room);
  const second = knowing(room);
  assert.equal(first.ownerOf(NAME, false), 'a');
  const third = knowing(room);
  assert.deepEqual(
    [first, second, third].map((directory) => directory.listerOf(NAME)),
    ['a', undefined, 'a'],
  );
});

test('a resource is nobody’s for sure while a server before has not told what it has', () => {
  const directory = new Directory(new Room());
  directory.serve(['a', 'b']);
  directory.learn('resources', 'b', [{ id: NAME, value: {} }]);
  directory.learn('resources', 'a', []);
  assert.equal(directory.ownerOf(NAME, true), undefined);
  assert.equal(directory.ownerOf(NAME, false), 'b');
  directory.learn('templates', 'a', []);
  assert.equal(directory.ownerOf(NAME, true), 'b');
});

test('a directory that holds too much alone keeps it', () => {
  const directory = knowing(new Room(10));
  assert.equal(directory.ownerOf(NAME, false), 'a');
});
