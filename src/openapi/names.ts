/** Names of operations and components: mcpo's wherever they are usable, and never two alike in one document. */
import { createHash } from 'node:crypto';
import { SPECIAL_NAMES } from './special-names.ts';

/** Model providers accept no longer names of tools. */
const LONGEST_ID = 64;
/** Digits of a hash; the longer ones where somebody has the name with a shorter one. */
const LONGEST_SUFFIX = 24;
const SUFFIX_LENGTHS = [6, 12, LONGEST_SUFFIX] as const;
const NONE: ReadonlySet<string> = new Set();

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

/**
 * The operationIds of one server's document, in the order of the names, each of which stands there once. `connect`: which
 * of them tells how to connect; it makes way for no other.
 */
export function serverOperationIds(tools: readonly string[], connect?: string): string[] {
  const taken = new Set(SPECIAL_NAMES);
  const idsOf = (names: readonly string[]): ReadonlyMap<string, string> =>
    taking(
      names.map((name) => ({ key: name, name: mcpoOperationId(name) })),
      taken,
    );
  const ours = idsOf(connect === undefined ? [] : [connect]);
  const others = idsOf(tools.filter((tool) => tool !== connect));
  return tools.map((tool) => ours.get(tool) ?? others.get(tool) ?? '');
}

/** The names of one server's operations. */
export interface ServerNames {
  readonly server: string;
  /** Each once. */
  readonly tools: readonly string[];
  /** Which of them is the operation that tells how to connect. */
  readonly connect?: string;
}

/**
 * The operationIds of the document of all servers by the names of tools, for each server in the order given; none that
 * clients give a meaning of its own to. What tells how to connect comes first: people say codes there. Of tools a server
 * never loses an id to one that comes later.
 */
export function rootOperationIds(servers: readonly ServerNames[]): ReadonlyMap<string, string>[] {
  const taken = new Set(SPECIAL_NAMES);
  const ours = connectIds(servers, taken);
  return servers.map(({ server, tools, connect }) => {
    const wanted = tools
      .filter((tool) => tool !== connect)
      .map((tool) => ({ key: `${server}/${tool}`, name: rootOperationId(server, tool) }));
    const ids = taking(wanted, taken);
    return new Map(
      tools.map((tool) => [tool, (tool === connect ? ours.get(server) : ids.get(`${server}/${tool}`)) ?? '']),
    );
  });
}

/**
 * What texts call the operation of `server` that tells how to connect: its id in the document of all `servers`.
 * Undefined where that has a suffix, which is no name to tell people.
 */
export function connectOperation(servers: readonly Omit<ServerNames, 'tools'>[], server: string): string | undefined {
  const id = connectIds(servers, new Set(SPECIAL_NAMES)).get(server);
  const connect = servers.find((one) => one.server === server)?.connect;
  return connect !== undefined && id === lettersOf(connect) ? id : undefined;
}

/** By server. The name has the server's in it, so it stands alone. */
function connectIds(servers: readonly Omit<ServerNames, 'tools'>[], taken: Set<string>): ReadonlyMap<string, string> {
  return new Map(
    servers.flatMap(({ server, connect }) =>
      connect === undefined ? [] : [...taking([{ key: server, name: lettersOf(connect) }], taken)],
    ),
  );
}

/** The stems of component names, such as `echo` in `echo_form_model`, in the order of the names. */
export function componentStems(names: readonly string[]): string[] {
  const wanted = names.map((name) => ({ key: name, name: name.replace(/[^a-zA-Z0-9._-]/gu, '_') }));
  const stems = distinct(wanted, Infinity, NONE);
  return names.map((name) => stems.get(name) ?? '');
}

interface Named {
  /** What tells it from all others. */
  readonly key: string;
  readonly name: string;
}

/** The ids by key; from then on they are taken. */
function taking(wanted: readonly Named[], taken: Set<string>): ReadonlyMap<string, string> {
  const ids = distinct(wanted, LONGEST_ID, taken);
  for (const id of ids.values()) taken.add(id);
  return ids;
}

/**
 * A name for each key, no two alike, and none that is taken. Every name that is too long or not alone gets a suffix made of
 * its key, so that it does not depend on the order; a longer one where somebody has foreseen it, and in the end one that
 * cannot be foreseen: otherwise each name of a list could cost a look at the whole list.
 */
function distinct(wanted: readonly Named[], longest: number, taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const plain = new Map(wanted.map(({ key, name }) => [key, name]));
  let names: ReadonlyMap<string, string> = plain;
  for (let round = 0; ; round += 1) {
    const counts = new Map<string, number>();
    for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    const isFree = (name: string): boolean =>
      counts.get(name) === 1 && firstLetters(name, longest) === name && !taken.has(name);
    if ([...names.values()].every(isFree)) return names;
    const length = SUFFIX_LENGTHS[round] ?? LONGEST_SUFFIX;
    const salt = round < SUFFIX_LENGTHS.length ? '' : `\n${round}\n${hashOfAll(wanted, taken)}`;
    const again = [...names].map(([key, name]): [string, string] => {
      if (isFree(name)) return [key, name];
      const suffix = `_${sha256(key + salt, salt === '' ? 'utf8' : 'utf16le').slice(0, length)}`;
      return [key, firstLetters(plain.get(key) ?? name, longest - suffix.length) + suffix];
    });
    names = new Map(again);
  }
}

/** Hangs on every name that there is: whoever adds one that fits it changes it. */
function hashOfAll(wanted: readonly Named[], taken: ReadonlySet<string>): string {
  return sha256(JSON.stringify([...wanted.map(({ key }) => key), ...taken].sort()), 'utf8');
}

/** In UTF-16 it also tells apart texts that are no Unicode: lone surrogates are all alike in UTF-8. */
function sha256(text: string, encoding: 'utf8' | 'utf16le'): string {
  return createHash('sha256').update(text, encoding).digest('hex');
}

/** As many code points, at most; a name may have millions. */
function firstLetters(name: string, most: number): string {
  return name.length <= most ? name : [...name.slice(0, 2 * most)].slice(0, most).join('');
}
