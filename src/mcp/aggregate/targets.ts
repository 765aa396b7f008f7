/** Whose a request is that names a tool, a prompt or a resource, and what it says there. */
import { recordOf } from '../../schema/json-schema.ts';
import { INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { edited, errorMessage, type JsonObject, type Message, unlessTooDeep } from '../../upstream/peer/message.ts';
import type { Directory } from './directory.ts';
import type { Way } from './errand.ts';
import type { Link } from './links.ts';
import { baggageOf, type MemberLists } from './member-lists.ts';
import type { Baggage } from './readings.ts';

/** Who gets a request, and as what. */
export interface Target<L> {
  readonly link: L;
  readonly message: Message;
}

/** The requests that go to one server. */
const BY_NAME = new Map([
  ['tools/call', 'tools'],
  ['prompts/get', 'prompts'],
] as const);
const BY_URI: ReadonlySet<string> = new Set(['resources/read', 'resources/subscribe', 'resources/unsubscribe']);

/** A tool or a prompt, as its server calls it. */
interface Named<L> {
  readonly link: L;
  readonly own: string;
}

type Rename = (value: JsonObject, own: string) => JsonObject;

export class Targets<L extends Link> {
  readonly #lists: MemberLists<L>;
  readonly #directory: Directory;
  readonly #notFoundCode: number;

  /** `notFoundCode`: what the era says where there is no such resource. */
  constructor(lists: MemberLists<L>, directory: Directory, notFoundCode: number) {
    this.#lists = lists;
    this.#directory = directory;
    this.#notFoundCode = notFoundCode;
  }

  /**
   * The server that gets the request, or an answer where there is none; undefined for a method that names nothing.
   * Lists that are not known are read. Rejects where the server that may have a tool or a prompt cannot be asked.
   */
  async of(message: Message, headers: readonly string[] | undefined): Promise<Target<L> | Way | undefined> {
    const { method, params } = message;
    const baggage = baggageOf(message, headers);
    const kind = BY_NAME.get(method as 'tools/call');
    if (kind !== undefined) return this.#byName(kind, message, params.name, baggage, renameInParams);
    if (BY_URI.has(method)) return this.#byUri(message, params.uri, baggage);
    if (method !== 'completion/complete') return undefined;
    const ref = recordOf(params.ref);
    if (ref.type === 'ref/prompt') return this.#byName('prompts', message, ref.name, baggage, renameInRef);
    return this.#byUri(message, ref.uri, baggage);
  }

  /** The server that a URI, or a template as it is listed, belongs to. */
  async ownerOf(uri: string, baggage: Baggage): Promise<L | undefined> {
    const { links } = this.#lists.now();
    // Nobody takes a resource from a server that only has not been asked yet.
    let isSure = !this.#directory.isAsked;
    let searches = 0;
    const found = await this.#lists.search(links, ['resources', 'templates'], baggage, () => {
      const owner = this.#directory.ownerOf(uri, isSure);
      isSure = false;
      searches += 1;
      return links.find(({ name }) => name === owner);
    });
    if (searches > 1) this.#directory.noteAsked();
    return found;
  }

  async #byUri(message: Message, uri: unknown, baggage: Baggage): Promise<Target<L> | Way> {
    const link = typeof uri === 'string' ? await this.ownerOf(uri, baggage) : undefined;
    if (link !== undefined) return { link, message };
    const data = typeof uri === 'string' ? { uri } : undefined;
    return { answer: errorMessage(message.id ?? '', this.#notFoundCode, 'Resource not found', data) };
  }

  async #byName(
    kind: 'tools' | 'prompts',
    message: Message,
    name: unknown,
    baggage: Baggage,
    rename: Rename,
  ): Promise<Target<L> | Way> {
    const found = typeof name === 'string' ? await this.#named(kind, name, baggage) : undefined;
    if (found !== undefined) {
      const renamed = unlessTooDeep(() => edited(message, (value) => rename(value, found.own)));
      if (renamed !== undefined) return { link: found.link, message: renamed };
      return { answer: errorMessage(message.id ?? '', INVALID_PARAMS, 'The parameters are nested too deeply.') };
    }
    const what = kind === 'tools' ? 'tool' : 'prompt';
    const text =
      typeof name === 'string' ? `Unknown ${what}: ${name.slice(0, 200)}` : `The name of the ${what} is missing`;
    return { answer: errorMessage(message.id ?? '', INVALID_PARAMS, text) };
  }

  async #named(kind: 'tools' | 'prompts', name: string, baggage: Baggage): Promise<Named<L> | undefined> {
    const { links, names } = this.#lists.now();
    // A server that cannot have it is not asked, nor waited for.
    const possible = links.filter((link) => names.mayBeOf(link.name, name));
    const find = (): Named<L> | undefined => {
      const found = this.#directory.named(kind, name);
      const link = possible.find((one) => one.name === found?.server);
      return found === undefined || link === undefined ? undefined : { link, own: found.own };
    };
    const found = await this.#lists.search(possible, [kind], baggage, find, true);
    return found ?? this.#behindLogin(kind, name, possible, baggage);
  }

  /**
   * What a server may have for those who have connected it, where this caller has not: it goes to the server, whose answer
   * says how to connect. A name that ends in a hash does not tell what the server would call it.
   */
  async #behindLogin(
    kind: 'tools' | 'prompts',
    name: string,
    possible: readonly L[],
    baggage: Baggage,
  ): Promise<Named<L> | undefined> {
    const { names } = this.#lists.now();
    const plain = possible.map((link) => ({ link, own: name.slice(`${link.name}__`.length) }));
    const named = plain.find(({ link, own }) => own !== '' && names.of(link.name, own) === name);
    if (named === undefined) return undefined;
    const server = named.link.name;
    // Whoever has prompts there has connected it.
    if (kind === 'prompts' && !this.#directory.isEmpty('prompts', server)) return undefined;
    const find = (): Named<L> | undefined => (this.#directory.hasOnlyConnect(server) ? named : undefined);
    return this.#lists.search([named.link], ['tools'], baggage, find);
  }
}

const renameInParams: Rename = (value, own) => ({ ...value, params: { ...recordOf(value.params), name: own } });

const renameInRef: Rename = (value, own) => {
  const params = recordOf(value.params);
  return { ...value, params: { ...params, ref: { ...recordOf(params.ref), name: own } } };
};
