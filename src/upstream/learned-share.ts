/** How much of one list goes into the union: one person's thousand tools must leave room for those of others. */
import type { Catalog } from './catalog.ts';
import { definitionOf, isSameDefinition, measureOf } from './learned-definition.ts';
import { bytesOf, type LearnedRecord, type LearnedTool, MOST_BYTES } from './learned-record.ts';

/** What one list has brought so far. */
export interface Share {
  readonly names: number;
  readonly bytes: number;
}

export type ByName = ReadonlyMap<string, LearnedTool>;

export const NO_SHARE: Share = { names: 0, bytes: 0 };
const MOST_NEW_NAMES = 500;
const MOST_NEW_BYTES = 512 * 1024;

/**
 * What a list teaches a union that knows `known`, in the list's order: all names that are there, with the words of this
 * list, and new ones until the list has brought 500 or 512 KiB. Longer words for which there is no room stay out, and
 * the old ones count as seen. `now`: in milliseconds since 1970.
 */
export function teach(catalog: Catalog, known: ByName, share: Share, now: number): LearnedRecord {
  let names = MOST_NEW_NAMES - share.names;
  let bytes = MOST_NEW_BYTES - share.bytes;
  let room = MOST_BYTES - bytesOf({ tools: [...known.values()] });
  const tools: LearnedTool[] = [];
  for (const tool of catalog.tools) {
    const old = known.get(tool.name);
    if (old === undefined && names <= 0) continue;
    const definition = definitionOf(tool);
    const growth = measureOf(definition).bytes - (old === undefined ? 0 : measureOf(old.definition).bytes);
    // New names may take the place of what is not in use any more; new words may push out nothing.
    const fits = growth <= 0 || (growth <= bytes && (old === undefined || growth <= room));
    if (fits) tools.push({ definition: keptOf(old, definition), since: old?.since ?? now, seenAt: now });
    else if (old !== undefined) tools.push({ ...old, seenAt: now });
    if (!fits) continue;
    names -= old === undefined ? 1 : 0;
    bytes -= Math.max(0, growth);
    room -= growth;
  }
  return { tools };
}

/** `share` and what the list has now brought into a union that knew `before` and knows `after`. */
export function shareOf({ tools }: LearnedRecord, before: ByName, after: ByName, share: Share): Share {
  let { names, bytes } = share;
  for (const { definition } of tools) {
    const old = before.get(definition.name)?.definition;
    if (after.get(definition.name)?.definition !== definition || old === definition) continue;
    names += old === undefined ? 1 : 0;
    bytes += Math.max(0, measureOf(definition).bytes - (old === undefined ? 0 : measureOf(old).bytes));
  }
  return { names, bytes };
}

/** One object where nothing differs, so that nothing is measured twice. */
function keptOf(old: LearnedTool | undefined, definition: LearnedTool['definition']): LearnedTool['definition'] {
  return old !== undefined && isSameDefinition(old.definition, definition) ? old.definition : definition;
}
