/** The tool that every server with a login for each person has besides its own, as MCP callers see it. */
import { createHash } from 'node:crypto';
import { connectTool } from '../../openapi/connect.ts';
import type { JsonObject } from '../../upstream/peer/message.ts';

const OURS = 'latchkey_';
/** More often than that no server has a tool of that name by chance. */
const MOST_NAMES = 4;
/** Model providers accept no longer names of tools. */
const LONGEST_NAME = 64;
const HASH_DIGITS = 6;

/** What the tool may be called, the plain name first: `connect_<server>`, `latchkey_connect_<server>` and so on. */
export function connectNames(server: string): string[] {
  return Array.from({ length: MOST_NAMES }, (_, count) => toolName(`${OURS.repeat(count)}connect_${server}`, server));
}

/** In the letters that model providers accept, and no longer than they accept. */
function toolName(name: string, server: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/gu, '_');
  if (plain.length <= LONGEST_NAME) return plain;
  const suffix = `_${createHash('sha256').update(server).digest('hex').slice(0, HASH_DIGITS)}`;
  return plain.slice(0, LONGEST_NAME - suffix.length) + suffix;
}

/** The entry of `tools/list`. */
export function connectDefinition(server: string, name: string): JsonObject {
  const { title, description, inputSchema } = connectTool(server, undefined);
  return { name, title, description, inputSchema };
}
