/** What people were shown on one server, taken together: a union of definitions by name, bounded, and without old ones. */
import { isRecord, type JsonRecord } from '../schema/json-schema.ts';
import type { Catalog, Tool } from './catalog.ts';
import { withoutData } from './learned-schema.ts';
import type { ServerInfo } from './negotiate.ts';

export interface LearnedTool {
  readonly definition: JsonRecord & { readonly name: string };
  /** When somebody was shown it last, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** What outlives a restart: definitions, never data. */
export interface LearnedRecord {
  readonly info: ServerInfo;
  /** When somebody was shown `info` last, in milliseconds since 1970. */
  readonly seenAt: number;
  readonly tools: readonly LearnedTool[];
}

const MOST_TOOLS = 2_000;
const MOST_BYTES = 2 * 1024 * 1024;
const LONGEST_UNSEEN_MS = 30 * 24 * 3600 * 1000;

/** What one person's tools teach; `now`: in milliseconds since 1970. Instructions may be for one person, so they stay out. */
export function learnedFrom({ info, tools }: Catalog, now: number): LearnedRecord {
  return {
    info: { name: info.name, version: info.version, instructions: undefined },
    seenAt: now,
    tools: tools.map((tool) => ({ definition: definitionOf(tool), seenAt: now })),
  };
}

/**
 * Both together: of two definitions of one name the one seen last, in the order in which the names came up; of the
 * infos likewise. What nobody was shown for 30 days is left out, and beyond 2,000 tools or 2 MiB what was seen longest
 * ago. Where both were seen at once their text decides, so that two processes come to the same.
 */
export function mergeLearned(before: LearnedRecord | undefined, after: LearnedRecord, now: number): LearnedRecord {
  const tools = new Map<string, LearnedTool>();
  for (const tool of [...(before?.tools ?? []), ...after.tools]) {
    const known = tools.get(tool.definition.name);
    tools.set(tool.definition.name, known === undefined ? tool : newerOf(known, tool));
  }
  const fresh = [...tools.values()].filter(({ seenAt }) => now - seenAt <= LONGEST_UNSEEN_MS);
  const { info, seenAt } = before === undefined ? after : newerOf(infoOf(before), infoOf(after));
  return { info, seenAt, tools: bounded(fresh) };
}

function infoOf({ info, seenAt }: LearnedRecord): Pick<LearnedRecord, 'info' | 'seenAt'> {
  return { info, seenAt };
}

function newerOf<T extends { readonly seenAt: number }>(one: T, other: T): T {
  if (one.seenAt !== other.seenAt) return one.seenAt > other.seenAt ? one : other;
  return JSON.stringify(one) > JSON.stringify(other) ? one : other;
}

/** What a store holds, as far as it makes sense: others may have written there, by another clock. */
export function readLearned(value: unknown, now: number): LearnedRecord | undefined {
  if (!isRecord(value) || !Array.isArray(value.tools)) return undefined;
  const { name, version } = isRecord(value.info) ? value.info : {};
  const info = { name: textOf(name), version: textOf(version), instructions: undefined };
  const seenAt = typeof value.seenAt === 'number' ? Math.min(value.seenAt, now) : 0;
  return { info, seenAt, tools: value.tools.flatMap((tool) => readTool(tool, now)) };
}

function readTool(value: unknown, now: number): LearnedTool[] {
  if (!isRecord(value) || !isRecord(value.definition) || typeof value.seenAt !== 'number') return [];
  const { name } = value.definition;
  if (typeof name !== 'string') return [];
  return [{ definition: { ...value.definition, name }, seenAt: Math.min(value.seenAt, now) }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function definitionOf(tool: Tool): LearnedTool['definition'] {
  const { name, title, description, inputSchema, outputSchema } = tool;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema: withoutData(inputSchema),
    ...(outputSchema === undefined ? {} : { outputSchema: withoutData(outputSchema) }),
  };
}

function bounded(tools: readonly LearnedTool[]): readonly LearnedTool[] {
  const kept = new Set<LearnedTool>();
  let bytes = 0;
  for (const tool of tools.toSorted((one, other) => other.seenAt - one.seenAt)) {
    const size = Buffer.byteLength(JSON.stringify(tool.definition));
    if (kept.size >= MOST_TOOLS || bytes + size > MOST_BYTES) continue;
    kept.add(tool);
    bytes += size;
  }
  return kept.size === tools.length ? tools : tools.filter((tool) => kept.has(tool));
}
