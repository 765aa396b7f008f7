/** The lists of MCP: all pages of one server's, and one page made of those of several. */
import { parseJson, stringifyJson } from '../../schema/json.ts';
import { isRecord, listOf, recordOf } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { type JsonObject, Message, unlessTooDeep } from '../../upstream/peer/message.ts';
import { badAnswer } from '../../upstream/wire.ts';
import type { ChangedList } from '../capabilities.ts';

/** What one server's list may have, all pages together. */
const MOST_PAGES = 1_000;
const MOST_ENTRIES = 10_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
/** What the list of all servers may have. */
const MOST_OF_ALL = 128 * 1024 * 1024;

export type ListKind = 'tools' | 'prompts' | 'resources' | 'templates';

export interface ListSpec {
  readonly kind: ListKind;
  readonly method: string;
  /** Under which a server declares that it has such lists. */
  readonly capability: ChangedList;
  /** Where the result has the list. */
  readonly key: string;
  /** What tells the entries of one server apart. */
  readonly id: 'name' | 'uri' | 'uriTemplate';
}

export const LISTS: Readonly<Record<ListKind, ListSpec>> = {
  tools: { kind: 'tools', method: 'tools/list', capability: 'tools', key: 'tools', id: 'name' },
  prompts: { kind: 'prompts', method: 'prompts/list', capability: 'prompts', key: 'prompts', id: 'name' },
  resources: { kind: 'resources', method: 'resources/list', capability: 'resources', key: 'resources', id: 'uri' },
  templates: {
    kind: 'templates',
    method: 'resources/templates/list',
    capability: 'resources',
    key: 'resourceTemplates',
    id: 'uriTemplate',
  },
};

export const LIST_BY_METHOD: ReadonlyMap<string, ListSpec> = new Map(
  Object.values(LISTS).map((spec) => [spec.method, spec]),
);

export interface Entry {
  /** The name, URI or template, as the server calls it. */
  readonly id: string;
  /** As the server wrote it; integers beyond 2^53 are bigints. */
  readonly value: Readonly<JsonObject>;
}

/**
 * All pages of a list, in the server's order; of two entries with one name the last counts. `ask` makes the request for
 * one page. A server that does not know the method has an empty list. Throws 502 for what is no list, or far too long.
 */
export async function readList(spec: ListSpec, ask: (params: JsonObject) => Promise<Message>): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  let characters = 0;
  let count = 0;
  let cursor: unknown;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await ask(cursor === undefined ? {} : { cursor });
    if (answer.error?.code === METHOD_NOT_FOUND) return [];
    characters += answer.text.length;
    const list = answer.result?.[spec.key];
    if (!Array.isArray(list)) throw badAnswer(`The answer to ${spec.method} is invalid.`);
    count += list.length;
    if (count > MOST_ENTRIES || characters > MOST_CHARACTERS)
      throw badAnswer(`The answer to ${spec.method} is too long.`);
    for (const entry of entriesOf(spec, answer)) entries.set(entry.id, entry);
    cursor = answer.result?.nextCursor;
    if (typeof cursor !== 'string' || cursor === '') return [...entries.values()];
  }
  throw badAnswer(`The answer to ${spec.method} has too many pages.`);
}

/** What is no entry is left out. */
function entriesOf(spec: ListSpec, answer: Message): Entry[] {
  const { result } = recordOf(parseJson(answer.text));
  return listOf(recordOf(result)[spec.key]).flatMap((value) => {
    const id = isRecord(value) ? value[spec.id] : undefined;
    return isRecord(value) && typeof id === 'string' && id !== '' ? [{ id, value }] : [];
  });
}

/**
 * The answer to a list request: one page. Of entries with the same id the first counts; what cannot be written (nested
 * thousands deep) is left out, and so is what is beyond the room of all. `extras`: what else the result holds.
 */
export function listAnswer(id: Id, spec: ListSpec, entries: Iterable<Entry>, extras: JsonObject): Message {
  const values: JsonObject[] = [];
  const texts: string[] = [];
  const taken = new Set<string>();
  let room = MOST_OF_ALL;
  for (const entry of entries) {
    const text = taken.has(entry.id) ? undefined : unlessTooDeep(stringifyJson, entry.value);
    if (text === undefined || text.length > room) continue;
    taken.add(entry.id);
    values.push(entry.value);
    texts.push(text);
    room -= text.length;
  }
  const result = { ...extras, [spec.key]: values };
  const rest = stringifyJson({ ...extras, [spec.key]: [] }).slice(0, -2);
  // Written once, entry by entry: one of them may be what cannot be written.
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${rest}${texts.join(',')}]}}`;
  return new Message({ jsonrpc: '2.0', id, result }, text, 'answer');
}
