/** One page of a server's tool list. */
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

/** Reads the `result` of tools/list. Throws 502 where it is none, or far too long. */
export function readToolPage(result: unknown): ToolPage {
  if (!isRecord(result) || !Array.isArray(result.tools)) throw badAnswer('The answer to tools/list is invalid.');
  // Before anything is done for each of them.
  if (result.tools.length > MOST_TOOLS) throw badAnswer(`The tool list is longer than ${MOST_TOOLS} tools.`);
  const { nextCursor } = result;
  const next = typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : undefined;
  const characters = JSON.stringify(result.tools).length;
  return { tools: result.tools, nextCursor: next, characters };
}
