/** Lists as people are shown them, and what a server's union makes of them. */
import { buildCatalog, type Catalog } from '../../src/upstream/catalog.ts';
import { InternedCatalogs } from '../../src/upstream/interned.ts';
import { Learned } from '../../src/upstream/learned.ts';
import type { LearnedRecord } from '../../src/upstream/learned-record.ts';

export const HOUR = 3600 * 1000;
export const DAY = 24 * HOUR;
export const NOW = Date.UTC(2026, 10, 21);
export const ALL = { disabledTools: [] };
export const info = { name: 'notes', version: '1', instructions: undefined };

export function catalogOf(...tools: readonly object[]): Catalog {
  return buildCatalog({ info: { ...info, instructions: 'You help Alice.' }, tools }, ALL);
}

export function named(...names: readonly string[]): Catalog {
  return catalogOf(...names.map((name) => ({ name, inputSchema: { type: 'object' } })));
}

export function namesOf(record: LearnedRecord | undefined): string[] {
  return record?.tools.map(({ definition }) => definition.name) ?? [];
}

/** What one list teaches where nothing is known. */
export function learnedFrom(catalog: Catalog, now: number): LearnedRecord {
  const learned = newLearned();
  learned.see(catalog, now);
  return learned.record ?? { tools: [] };
}

/** `count` names that begin alike. */
export function many(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}

export function newLearned(): Learned {
  const interned = new InternedCatalogs(() => ALL);
  return new Learned((record) => interned.of(record));
}
