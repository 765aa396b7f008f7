/** How the tools of all servers share the room of a document: whatever one server lists, the others keep theirs. */
import { Budget, MOST_OF_TOOL } from '../schema/budget.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { textLength } from '../schema/same-json.ts';
import { componentsOf, type NamedTool } from './operation.ts';

/** Bytes, about, that the schemas of all tools of a document may take, so that it can be kept. */
const MOST_OF_SCHEMAS = 16 * 1024 * 1024;
/** And those of one server: a thousand tools of 8 KB have room, and none makes others wait a second for a document. */
const MOST_OF_SERVER = 8 * 1024 * 1024;
/** And all that stands around them. */
const MOST_OF_OPERATIONS = 64 * 1024 * 1024;
/** An operation without its words. */
const OPERATION = 1_500;
/** How often its name stands there, also in an address, where it takes more room. */
const NAMES = 16;

/**
 * The tools whose names and words the document may hold, in their order: a list may name millions. They are taken by what
 * their server has asked for up to them, least first, so all get as much as the one that gets least; one that does not fit
 * is left out alone.
 */
export function affordable<T extends NamedTool>(tools: readonly T[]): readonly T[] {
  const asked = new Map<string | undefined, number>();
  const waiting = tools.map((tool) => {
    const length = lengthOf(tool);
    const upTo = (asked.get(tool.tag) ?? 0) + length;
    asked.set(tool.tag, upTo);
    return { tool, length, upTo };
  });
  waiting.sort((a, b) => a.upTo - b.upTo);
  let left = MOST_OF_OPERATIONS;
  const held = new Set<T>();
  for (const { tool, length } of waiting) {
    if (length > left) continue;
    left -= length;
    held.add(tool);
  }
  return tools.filter((tool) => held.has(tool));
}

function lengthOf({ tool, tag = '' }: NamedTool): number {
  const [names = 0, ...words] = [tool.name + tag, tool.title ?? '', tool.description ?? ''].map(
    (text) => textLength(text, Infinity) ?? 0,
  );
  return words.reduce((sum, length) => sum + length, OPERATION + NAMES * names);
}

/** What one server has of the room for schemas. */
interface Share {
  readonly tools: NamedTool[];
  /** Which of them is next. */
  next: number;
  taken: number;
}

/**
 * The schemas of the tools, as far as the document may hold them; others say next to nothing. The next one is always of the
 * server that has taken least, which is unknown before they are written.
 */
export function toolSchemas(tools: readonly NamedTool[]): [name: string, schema: JsonSchema][] {
  const shares = sharesOf(tools);
  const schemas: [name: string, schema: JsonSchema][] = [];
  let left = MOST_OF_SCHEMAS;
  for (;;) {
    const { share, tool } = nextOf(shares);
    if (share === undefined || tool === undefined) return schemas;
    const size = Math.max(0, Math.min(left, MOST_OF_SERVER - share.taken, MOST_OF_TOOL));
    const budget = new Budget(size);
    schemas.push(...componentsOf(tool, budget));
    share.next += 1;
    share.taken += budget.taken;
    // What a schema takes beyond its budget its own server pays alone.
    left -= Math.min(budget.taken, size);
  }
}

function sharesOf(tools: readonly NamedTool[]): readonly Share[] {
  const shares = new Map<string | undefined, Share>();
  for (const tool of tools) {
    const share = shares.get(tool.tag) ?? { tools: [], next: 0, taken: 0 };
    share.tools.push(tool);
    shares.set(tool.tag, share);
  }
  return [...shares.values()];
}

/** The tool whose turn it is; nothing once all have had theirs. */
function nextOf(shares: readonly Share[]): { readonly share?: Share; readonly tool?: NamedTool } {
  let least: Share | undefined;
  for (const share of shares) {
    if (share.next < share.tools.length && (least === undefined || share.taken < least.taken)) least = share;
  }
  const tool = least?.tools[least.next];
  return least === undefined || tool === undefined ? {} : { share: least, tool };
}
