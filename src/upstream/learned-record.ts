/** What people were shown on one server, taken together: a union of definitions by name, bounded, and without old ones. */
import { isRecord } from '../schema/json-schema.ts';
import { type Definition, isSameDefinition, measureOf, readDefinition } from './learned-definition.ts';

export interface LearnedTool {
  readonly definition: Definition;
  /** Since when the union has the name, in milliseconds since 1970. */
  readonly since: number;
  /** When somebody was shown it last, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** What outlives a restart: definitions, never data, and nothing of how a server names itself to one person. */
export interface LearnedRecord {
  readonly tools: readonly LearnedTool[];
}

export const MOST_BYTES = 2 * 1024 * 1024;
const MOST_TOOLS = 2_000;
const DAY_MS = 24 * 3600 * 1000;
const LONGEST_UNSEEN_MS = 30 * DAY_MS;
/** How long a name that nobody is shown keeps its place before new ones. */
const IN_USE_MS = 7 * DAY_MS;

/**
 * Both together: of two definitions of one name the one seen last, in the order in which the names came up. What
 * nobody was shown for 30 days is left out. Beyond 2,000 tools or 2 MiB a name that is in use stays before one that is
 * newer, so that no list pushes out what others have; then goes what was seen longest ago. Where both were seen at
 * once their hash decides, so that two processes come to the same.
 */
export function mergeLearned(before: LearnedRecord | undefined, after: LearnedRecord, now: number): LearnedRecord {
  const tools = new Map<string, LearnedTool>();
  for (const tool of [...(before?.tools ?? []), ...after.tools]) {
    const known = tools.get(tool.definition.name);
    tools.set(tool.definition.name, known === undefined ? tool : bothOf(known, tool));
  }
  return {
    tools: bounded(
      [...tools.values()].filter(({ seenAt }) => now - seenAt <= LONGEST_UNSEEN_MS),
      now,
    ),
  };
}

function bothOf(one: LearnedTool, other: LearnedTool): LearnedTool {
  const newer = isNewer(one, other) ? one : other;
  return { ...newer, since: Math.min(one.since, other.since) };
}

function isNewer(one: LearnedTool, other: LearnedTool): boolean {
  if (one.seenAt !== other.seenAt) return one.seenAt > other.seenAt;
  return measureOf(one.definition).hash >= measureOf(other.definition).hash;
}

/** True where both say the same of the same tools, in one order. */
export function isSameRecord(one: LearnedRecord | undefined, other: LearnedRecord | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return hasSameDefinitions(one, other) && one.tools.every((tool, at) => isSameSighting(tool, other.tools[at]));
}

/** The same, whenever they were seen. */
export function hasSameDefinitions(one: LearnedRecord, other: LearnedRecord): boolean {
  if (one.tools.length !== other.tools.length) return false;
  return one.tools.every(({ definition }, at) => {
    const counterpart = other.tools[at]?.definition;
    return counterpart !== undefined && isSameDefinition(definition, counterpart);
  });
}

function isSameSighting({ since, seenAt }: LearnedTool, other: LearnedTool | undefined): boolean {
  return since === other?.since && seenAt === other.seenAt;
}

export function bytesOf({ tools }: LearnedRecord): number {
  return tools.reduce((bytes, { definition }) => bytes + measureOf(definition).bytes, 0);
}

/** What a store holds, as far as it makes sense: others may have written there, by another clock. */
export function readLearned(value: unknown, now: number): LearnedRecord | undefined {
  if (!isRecord(value) || !Array.isArray(value.tools)) return undefined;
  return { tools: value.tools.flatMap((tool) => readTool(tool, now)) };
}

function readTool(value: unknown, now: number): LearnedTool[] {
  if (!isRecord(value) || typeof value.seenAt !== 'number') return [];
  const definition = readDefinition(value.definition);
  if (definition === undefined) return [];
  const seenAt = Math.min(value.seenAt, now);
  const since = typeof value.since === 'number' ? Math.min(value.since, seenAt) : seenAt;
  return [{ definition, since, seenAt }];
}

function bounded(tools: readonly LearnedTool[], now: number): readonly LearnedTool[] {
  if (tools.length <= MOST_TOOLS && bytesOf({ tools }) <= MOST_BYTES) return tools;
  const isInUse = ({ seenAt }: LearnedTool): boolean => now - seenAt <= IN_USE_MS;
  const [used, unused] = [tools.filter(isInUse), tools.filter((tool) => !isInUse(tool))];
  const byRank = [
    ...used.sort((one, other) => one.since - other.since || byName(one, other)),
    ...unused.sort((one, other) => other.seenAt - one.seenAt || byName(one, other)),
  ];
  const kept = new Set<LearnedTool>();
  let bytes = 0;
  for (const tool of byRank) {
    const size = measureOf(tool.definition).bytes;
    if (kept.size >= MOST_TOOLS || bytes + size > MOST_BYTES) continue;
    kept.add(tool);
    bytes += size;
  }
  return tools.filter((tool) => kept.has(tool));
}

function byName(one: LearnedTool, other: LearnedTool): number {
  return one.definition.name < other.definition.name ? -1 : 1;
}
