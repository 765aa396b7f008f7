/** What is learned of the tools of people: definitions, never data; bounded; and the newest counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildCatalog, toolAt, toolsAmong } from '../../src/upstream/catalog.ts';
import { InternedCatalogs } from '../../src/upstream/interned.ts';
import { Learned } from '../../src/upstream/learned.ts';
import { type LearnedRecord, mergeLearned, readLearned } from '../../src/upstream/learned-record.ts';
import { withoutData } from '../../src/upstream/learned-schema.ts';
import {
  ALL,
  catalogOf,
  DAY,
  HOUR,
  info,
  learnedFrom,
  many,
  NOW,
  named,
  namesOf,
  newLearned,
} from './learned-lists.ts';

/** A record as a store may hold it, of any number of tools. */
function recordOf(names: readonly string[], seenAt: number, since = seenAt): LearnedRecord {
  return { tools: names.map((name) => ({ definition: { name, inputSchema: {} }, since, seenAt })) };
}

/** What stays of the tool `d` where it is too deep; as text, because a deep object in a failed test ends the runner. */
const CUT = '{"name":"d","title":"T","description":"Deep","inputSchema":{"type":"object"}}';

/** A tool with a schema of so many levels. */
function deep(name: string, levels: number): object {
  let schema: object = { type: 'string' };
  for (let level = 0; level < levels; level += 1) schema = { properties: { a: schema } };
  return { name, title: 'T', description: 'Deep', inputSchema: schema, outputSchema: schema };
}

describe('a learned schema', () => {
  it('says what is allowed, and gives no example of anybody', () => {
    const examples = {
      default: 'alice',
      examples: ['alice'],
      example: 'alice',
      $comment: 'of alice',
      'x-user': 'alice',
    };
    const text = { type: 'string', enum: ['a'], description: 'D', minLength: 1, ...examples };
    const bare = { type: 'string', enum: ['a'], description: 'D', minLength: 1 };
    const where = (one: unknown) => ({
      type: 'object',
      properties: { one },
      patternProperties: { '^x': one },
      additionalProperties: one,
      items: one,
      prefixItems: [one],
      anyOf: [one],
      oneOf: [one],
      allOf: [one],
      not: one,
      if: one,
      contains: one,
      $defs: { one },
      definitions: { one },
      dependencies: { one, two: ['one'] },
    });
    assert.deepEqual(withoutData({ ...where(text), ...examples }), where(bare));
    assert.deepEqual(withoutData({ items: [text, true] }), { items: [bare, true] });
  });

  it('keeps members that are called like the keywords that go, and any other name', () => {
    const properties = JSON.parse(
      '{"default":{"type":"string"},"examples":{"type":"array"},"__proto__":{"type":"null"}}',
    );
    const kept = withoutData({ type: 'object', properties, required: ['default'] });
    assert.deepEqual(JSON.stringify(kept), JSON.stringify({ type: 'object', properties, required: ['default'] }));
    const values = { const: { default: 1 }, enum: [{ example: 1 }] };
    assert.deepEqual(withoutData(values), values);
  });

  it('is an empty one where there was nonsense', () => {
    for (const nonsense of [undefined, null, true, 'x', [1]]) assert.deepEqual(withoutData(nonsense), {});
    assert.deepEqual(withoutData({ properties: 5, anyOf: {}, items: [null], not: 'x' }), { items: [{}], not: {} });
  });
});

describe('a learned record', () => {
  it('holds name, title, words and schemas of tools, and no instructions', () => {
    const tool = {
      name: 'add',
      title: 'Add',
      description: 'Adds',
      inputSchema: { type: 'object', properties: { to: { type: 'string', default: 'alice' } } },
      outputSchema: { type: 'string', examples: ['alice'] },
      annotations: { title: 'alice' },
      _meta: { user: 'alice' },
      icons: ['alice'],
    };
    const record = learnedFrom(catalogOf(tool), NOW);
    assert.doesNotMatch(JSON.stringify(record), /alice/i);
    const { annotations: _, _meta: __, icons: ___, ...rest } = tool;
    const definition = {
      ...rest,
      inputSchema: { type: 'object', properties: { to: { type: 'string' } } },
      outputSchema: { type: 'string' },
    };
    assert.deepEqual(record, { tools: [{ definition, since: NOW, seenAt: NOW }] });
  });

  it('is a union by name in which the definition seen last counts, whichever comes first', () => {
    const old = learnedFrom(catalogOf({ name: 'a', description: 'old' }, { name: 'b' }), NOW - HOUR);
    const young = learnedFrom(catalogOf({ name: 'c' }, { name: 'a', description: 'young' }), NOW);
    for (const merged of [mergeLearned(old, young, NOW), mergeLearned(young, old, NOW)]) {
      assert.deepEqual(new Set(namesOf(merged)), new Set(['a', 'b', 'c']));
      assert.equal(merged.tools.find(({ definition }) => definition.name === 'a')?.definition.description, 'young');
    }
    assert.deepEqual(namesOf(mergeLearned(old, young, NOW)), ['a', 'b', 'c']);
  });

  it('is the same whoever merges where two definitions were seen at once', () => {
    const [one, other] = ['x', 'y'].map((description) => learnedFrom(catalogOf({ name: 'a', description }), NOW));
    assert.ok(one && other);
    assert.deepEqual(mergeLearned(one, other, NOW), mergeLearned(other, one, NOW));
  });

  it('forgets what nobody was shown for 30 days', () => {
    const old = learnedFrom(named('gone', 'stays'), NOW - 30 * DAY - 1);
    assert.deepEqual(namesOf(mergeLearned(old, learnedFrom(named('stays'), NOW), NOW)), ['stays']);
  });

  it('holds 2,000 tools and 2 MiB at most; a name that is in use stays before a newer one', () => {
    const old = recordOf(many('old', 1_999), NOW - 7 * DAY);
    for (const merged of [
      mergeLearned(old, recordOf(['x', 'y', 'z'], NOW), NOW),
      mergeLearned(recordOf(['x', 'y', 'z'], NOW), old, NOW),
    ]) {
      assert.equal(merged.tools.length, 2_000);
      assert.ok(namesOf(merged).includes('x') && namesOf(merged).includes('old1998'));
    }
    const large = (name: string, size: number, since: number) => ({
      tools: [{ definition: { name, description: 'd'.repeat(size) }, since, seenAt: NOW }],
    });
    const both = mergeLearned(large('young', 1_200_000, NOW), large('old', 1_200_000, NOW - 1), NOW);
    assert.deepEqual(namesOf(both), ['old']);
    const giant = mergeLearned(large('giant', 3_000_000, NOW - 1), large('small', 1, NOW), NOW);
    assert.deepEqual(namesOf(giant), ['small'], 'one that never fits pushes nothing out');
  });

  it('gives the place of what nobody was shown for 7 days to new names, of the oldest first', () => {
    const unused = mergeLearned(recordOf(['oldest'], NOW - 9 * DAY), recordOf(many('o', 1_999), NOW - 8 * DAY), NOW);
    const merged = mergeLearned(unused, recordOf(['new'], NOW), NOW);
    assert.deepEqual([merged.tools.length, namesOf(merged)[0], namesOf(merged).at(-1)], [2_000, 'o0', 'new']);
    const back = mergeLearned(merged, recordOf(['o0'], NOW + 1), NOW + 1);
    assert.equal(back.tools[0]?.since, NOW - 8 * DAY, 'a name keeps its age');
  });

  it('is read with care: a store may hold anything, and times of another clock', () => {
    for (const nonsense of [undefined, null, 5, [], {}, { tools: 5 }])
      assert.equal(readLearned(nonsense, NOW), undefined);
    const definition = { name: 'a', inputSchema: {} };
    const read = (...tools: readonly unknown[]) => readLearned({ info: { name: 'x' }, tools }, NOW);
    const nonsense = [5, {}, { definition: {}, seenAt: 1 }, { definition, seenAt: 'x' }];
    const known = { definition, since: NOW, seenAt: NOW };
    assert.deepEqual(read(...nonsense, { definition, seenAt: NOW + DAY }), { tools: [known] });
    assert.deepEqual(read({ definition, since: NOW + DAY, seenAt: NOW }), { tools: [known] });
    assert.equal(JSON.stringify(read({ definition: deep('d', 1_000), seenAt: NOW })?.tools[0]?.definition), CUT);
  });
});

describe('what a server has shown', () => {
  it('is worth storing where it changed, and once an hour', () => {
    const learned = newLearned();
    const first = named('a');
    assert.equal(learned.see(first, NOW), true);
    const { catalog } = learned;
    assert.deepEqual(
      catalog?.tools.map(({ name }) => name),
      ['a'],
    );
    assert.equal(learned.see(first, NOW + HOUR - 1), false, 'the same list');
    assert.equal(learned.see(named('a'), NOW + 1), false, 'an equal list of somebody else');
    assert.equal(learned.see(first, NOW + HOUR), true, 'sightings are renewed');
    assert.equal(learned.catalog, catalog, 'an unchanged union stays one object');
    assert.equal(learned.see(named('a', 'b'), NOW + 2), true);
    assert.notEqual(learned.catalog, catalog);
  });

  it('holds the words of tools that are nested as deep as a server likes, and schemas of 64 levels', () => {
    const learned = newLearned();
    // This can be written as text; comparing two of them as objects runs out of stack.
    learned.see(catalogOf(deep('d', 1_000)), NOW);
    assert.equal(learned.see(catalogOf(deep('d', 1_000), { name: 'after' }), NOW), true);
    assert.deepEqual(namesOf(learned.record), ['d', 'after']);
    assert.equal(JSON.stringify(learned.record?.tools[0]?.definition), CUT);
    const shallow = deep('s', 31);
    assert.deepEqual(learnedFrom(catalogOf(shallow), NOW).tools[0]?.definition, shallow);
  });

  it('looks again at a list that could not be learned', () => {
    let isBroken = true;
    const learned = new Learned((record) => {
      if (isBroken) throw new Error('broken');
      return buildCatalog(record, ALL);
    });
    const list = named('a');
    assert.throws(() => learned.see(list, NOW), /broken/);
    isBroken = false;
    assert.equal(learned.see(list, NOW), true);
    assert.equal(learned.catalog?.tools.length, 1);
  });

  it('has no name of the server: that may be for one person', () => {
    const learned = newLearned();
    learned.see(named('a'), NOW);
    assert.deepEqual(learned.catalog?.info, { name: undefined, version: undefined, instructions: undefined });
  });

  it('takes over what others have stored, and keeps what is its own', () => {
    const learned = newLearned();
    assert.deepEqual([learned.absorb(undefined, NOW), learned.catalog], [undefined, undefined]);
    learned.see(named('a'), NOW);
    const stored = learnedFrom(named('b'), NOW - HOUR);
    assert.deepEqual(namesOf(learned.absorb(stored, NOW)), ['b', 'a']);
    assert.deepEqual(namesOf(learned.absorb(undefined, NOW + 31 * DAY)), []);
    assert.equal(learned.catalog, undefined);
  });
});

describe('equal lists', () => {
  it('are one object with one checker, others are not', () => {
    const interned = new InternedCatalogs(() => ALL);
    const list = (description: string) => ({ info, tools: [{ name: 'a', description, inputSchema: {} }] });
    const one = interned.of(list('x'));
    assert.equal(interned.of(list('x')), one);
    assert.notEqual(interned.of(list('y')), one);
    assert.equal(interned.of(list('x')).tools[0]?.arguments, one.tools[0]?.arguments);
  });

  it('are filtered', () => {
    const interned = new InternedCatalogs(() => ({ disabledTools: ['b*'] }));
    const { tools } = interned.of({ info, tools: [{ name: 'a' }, { name: 'bb' }] });
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['a'],
    );
  });
});

describe('a tool that had to move', () => {
  const all = named('mcp', 'mcp-tool');

  it('is for everybody where the tools of all put it', () => {
    const own = named('mcp');
    assert.equal(own.tools[0]?.path, 'mcp-tool');
    assert.deepEqual(
      toolsAmong(own, all).map(({ path }) => path),
      ['mcp-tool-2'],
    );
    assert.equal(toolAt('mcp-tool-2', own, all)?.name, 'mcp');
    assert.equal(toolAt('mcp-tool', own, all), undefined, 'that is a tool of somebody else');
    assert.equal(toolAt('mcp-tool', own, undefined)?.name, 'mcp');
  });

  it('moves nobody else', () => {
    assert.equal(toolsAmong(all, all), all.tools);
    assert.equal(toolAt('mcp-tool', all, all)?.name, 'mcp-tool');
    assert.equal(toolAt('x', named('x'), all)?.name, 'x');
    assert.equal(toolAt('x', all, all), undefined);
  });
});
