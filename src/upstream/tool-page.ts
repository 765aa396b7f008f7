/** One page of a server's tool list, as it is kept: what can be read but never be written leaves at once. */
import { isRecord } from '../schema/json-schema.ts';
import { badAnswer } from './wire.ts';

export interface ToolPage {
  readonly tools: readonly unknown[];
  /** Of the next page; undefined: this is the last. */
  readonly nextCursor: string | undefined;
  /** How much of what a list may hold this page takes, in characters. */
  readonly characters: number;
}

/** That one list may have, all pages together. */
export const MOST_TOOLS = 20_000;
/** What a tool counts that is nested too deeply to be written: no honest list has one, and reading it takes a second. */
const UNWRITABLE = 8 * 1024 * 1024;

/** Reads the `result` of tools/list. Throws 502 where it is none, or far too long. */
export function readToolPage(result: unknown): ToolPage {
  if (!isRecord(result) || !Array.isArray(result.tools)) throw badAnswer('The answer to tools/list is invalid.');
  // Before anything is done for each of them.
  if (result.tools.length > MOST_TOOLS) throw badAnswer(`The tool list is longer than ${MOST_TOOLS} tools.`);
  let characters = 0;
  const tools = result.tools.map((tool: unknown) => {
    const length = lengthOf(tool);
    characters += length ?? UNWRITABLE;
    return length === undefined ? withoutSchemas(tool) : tool;
  });
  const { nextCursor } = result;
  const next = typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : undefined;
  return { tools, nextCursor: next, characters };
}

/** In characters of JSON; undefined for what is nested thousands deep. */
function lengthOf(tool: unknown): number | undefined {
  try {
    return JSON.stringify(tool).length;
  } catch {
    return undefined;
  }
}

/** The tool stays, for its name. */
function withoutSchemas(tool: unknown): unknown {
  const { name, description } = isRecord(tool) ? tool : {};
  if (typeof name !== 'string') return null;
  return { name, ...(typeof description === 'string' ? { description } : {}) };
}
