/** Names of operations and components: mcpo's wherever they are usable, and never two alike in one document. */
import { createHash } from 'node:crypto';
import { SPECIAL_NAMES } from './special-names.ts';

/** Model providers accept no longer names of tools. */
const LONGEST_ID = 64;
const SUFFIX_LENGTHS = [6, 12, 24] as const;

/** mcpo's operationId of a tool, which may be too long or not unique. */
export function mcpoOperationId(tool: string): string {
  return `tool_${tool.replace(/[^\p{L}\p{N}_]/gu, '_')}_post`;
}

/** The operationId of a tool among those of other servers. */
function rootOperationId(server: string, tool: string): string {
  return lettersOf(`${server}_${tool}`);
}

function lettersOf(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, '_');
}

/** The operationIds of one server's document, in the order of the names. */
export function serverOperationIds(tools: readonly string[]): string[] {
  return distinct(
    tools.map((tool) => ({ key: tool, name: mcpoOperationId(tool) })),
    LONGEST_ID,
  );
}

/** The operationIds of the document of all servers, in the order given; none that clients give a meaning of its own to. */
export function rootOperationIds(tools: readonly RootName[]): string[] {
  return distinct(
    tools.map(({ server, tool, isOurs }) => ({
      key: `${server}/${tool}`,
      // Ours has the server's name in it, and is called so in texts.
      name: isOurs === true ? lettersOf(tool) : rootOperationId(server, tool),
    })),
    LONGEST_ID,
  );
}

export interface RootName {
  readonly server: string;
  readonly tool: string;
  /** True for the operation that tells how to connect. */
  readonly isOurs?: boolean;
}

/** The stems of component names, such as `echo` in `echo_form_model`, in the order of the names. */
export function componentStems(names: readonly string[]): string[] {
  return distinct(
    names.map((name) => ({ key: name, name: name.replace(/[^a-zA-Z0-9._-]/gu, '_') })),
    Infinity,
  );
}

interface Named {
  /** What tells it from all others. */
  readonly key: string;
  readonly name: string;
}

/**
 * A name for each, no two alike.
 * Every name that is too long or not alone gets a suffix made of its key, so that it does not depend on the order.
 */
function distinct(wanted: readonly Named[], longest: number): string[] {
  let names = wanted.map(({ name }) => name);
  for (const length of SUFFIX_LENGTHS) {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    names = names.map((name, at) => {
      const taken = (counts.get(name) ?? 0) > 1 || [...name].length > longest || SPECIAL_NAMES.has(name);
      const { key = '', name: plain = '' } = wanted[at] ?? {};
      return taken ? suffixed(plain, key, length, longest) : name;
    });
  }
  return names;
}

function suffixed(name: string, key: string, length: number, longest: number): string {
  const suffix = `_${createHash('sha256').update(key).digest('hex').slice(0, length)}`;
  const letters = [...name];
  return letters.slice(0, longest - suffix.length).join('') + suffix;
}
