/** What is learned of the tools of people: definitions, never data; bounded; and the newest counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildCatalog, type Catalog, toolAt, toolsAmong } from '../../src/upstream/catalog.ts';
import { InternedCatalogs } from '../../src/upstream/interned.ts';
import { Learned } from '../../src/upstream/learned.ts';
import { type LearnedRecord, learnedFrom, mergeLearned, readLearned } from '../../src/upstream/learned-record.ts';
import { withoutData } from '../../src/upstream/learned-schema.ts';

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21);
const ALL = { disabledTools: [] };
const info = { name: 'notes', version: '1', instructions: undefined };

function catalogOf(...tools: readonly object[]): Catalog {
  return buildCatalog({ info: { ...info, instructions: 'You help Alice.' }, tools }, ALL);
}

function named(...names: readonly string[]): Catalog {
  return catalogOf(...names.map((name) => ({ name, inputSchema: { type: 'object' } })));
}

function namesOf(record: LearnedRecord | undefined): string[] {
  return record?.tools.map(({ definition }) => definition.name) ?? [];
}

function newLearned(): Learned {
  const interned = new InternedCatalogs(() => ALL);
  return new Learned((record) => interned.of(record));
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
    assert.deepEqual(record, { info, seenAt: NOW, tools: [{ definition, seenAt: NOW }] });
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

  it('names the server as it was named last; of two at once always the same', () => {
    const of = (version: string, seenAt: number) => ({ info: { ...info, version }, seenAt, tools: [] });
    for (const [one, other, expected] of [
      [of('1', NOW), of('2', NOW - 1), '1'],
      [of('1', NOW), of('2', NOW), '2'],
    ] as const) {
      for (const merged of [mergeLearned(one, other, NOW), mergeLearned(other, one, NOW)]) {
        assert.deepEqual([merged.info.version, merged.seenAt], [expected, NOW]);
      }
    }
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

  it('holds 2,000 tools and 2 MiB at most; what was seen longest ago goes first', () => {
    const many = named(...Array.from({ length: 1_999 }, (_, at) => `old${at}`));
    const merged = mergeLearned(learnedFrom(many, NOW - 1), learnedFrom(named('x', 'y', 'z'), NOW), NOW);
    assert.equal(merged.tools.length, 2_000);
    assert.deepEqual(namesOf(merged).slice(-4), ['old1996', 'x', 'y', 'z']);
    const large = (name: string, size: number) => catalogOf({ name, description: 'd'.repeat(size) });
    const both = mergeLearned(
      learnedFrom(large('old', 1_200_000), NOW - 1),
      learnedFrom(large('young', 1_200_000), NOW),
      NOW,
    );
    assert.deepEqual(namesOf(both), ['young']);
    const giant = mergeLearned(learnedFrom(named('old'), NOW - 1), learnedFrom(large('giant', 3_000_000), NOW), NOW);
    assert.deepEqual(namesOf(giant), ['old'], 'one that never fits pushes nothing out');
  });

  it('is read with care: a store may hold anything, and times of another clock', () => {
    for (const nonsense of [undefined, null, 5, [], {}, { tools: 5 }])
      assert.equal(readLearned(nonsense, NOW), undefined);
    const definition = { name: 'a', inputSchema: {} };
    const row = {
      info: { name: 5, version: '2', instructions: 'x' },
      tools: [5, {}, { definition: {}, seenAt: 1 }, { definition, seenAt: 'x' }, { definition, seenAt: NOW + DAY }],
    };
    assert.deepEqual(readLearned(row, NOW), {
      info: { name: undefined, version: '2', instructions: undefined },
      seenAt: 0,
      tools: [{ definition, seenAt: NOW }],
    });
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
