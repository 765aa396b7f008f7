/** All servers at one endpoint, for a caller with a session (2024-11-05 to 2025-11-25). */
import { parseJson } from '../../schema/json.ts';
import { recordOf } from '../../schema/json-schema.ts';
import { type Id, INVALID_PARAMS, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import {
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY } from '../../upstream/protocol.ts';
import { connectionLost } from '../../upstream/wire.ts';
import { CHANGED_LISTS, changedBy, changedMethod } from '../capabilities.ts';
import { covers } from '../sharing/subscriptions.ts';
import { Asks } from './asks.ts';
import { Changes } from './changes.ts';
import { Directory } from './directory.ts';
import { errand, type Way } from './errand.ts';
import { LegacyLink } from './legacy-link.ts';
import { Links } from './links.ts';
import { LIST_BY_METHOD } from './lists.ts';
import { MemberLists } from './member-lists.ts';
import type { AggregateOptions } from './members.ts';
import { type Target, Targets } from './targets.ts';
import { failureAt, initializeResult, negotiated, withLogger } from './words.ts';

/** Subscriptions that are made again in a new session of their server; the oldest are forgotten first. */
const MOST_SUBSCRIPTIONS = 1_000;
/** Longer ones are not. */
const LONGEST_URI = 4_096;
/** A server whose lists take too long each time is in the next list that is asked for so soon. */
const KEEP_MS = 60_000;

interface Subscription {
  readonly server: string;
  /** The server has agreed. */
  isMade: boolean;
}

export class AggregateLegacyPeer implements Peer {
  readonly era = 'legacy';
  readonly #events: PeerEvents;
  readonly #links: Links<LegacyLink>;
  readonly #lists: MemberLists<LegacyLink>;
  readonly #targets: Targets<LegacyLink>;
  readonly #directory = new Directory();
  readonly #changes: Changes;
  readonly #asks = new Asks();
  readonly #exchanges = new Map<Id, Exchange>();
  /** By URI. */
  readonly #subscriptions = new Map<string, Subscription>();
  #handshake: JsonObject = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: CLIENT_INFO };
  #level: string | undefined;

  constructor({ members, notices }: AggregateOptions, events: PeerEvents) {
    this.#events = events;
    this.#changes = new Changes((list) => events.onMessage(notificationMessage(changedMethod(list))));
    const host = {
      handshake: () => this.#handshake,
      nextId: () => this.#lists.nextId(),
      onMessage: (link: LegacyLink, message: Message) => this.#onStray(link, message),
      onOpened: (link: LegacyLink) => this.#restore(link),
      onGone: (link: LegacyLink) => this.#onGone(link),
    };
    this.#links = new Links(members, (member) => new LegacyLink(member, host));
    this.#lists = new MemberLists({
      links: this.#links,
      directory: this.#directory,
      notices,
      extras: {},
      keepMs: KEEP_MS,
      onFound: (list) => this.#changes.changed(list),
      onMessage: host.onMessage,
    });
    this.#targets = new Targets(this.#lists, this.#directory, RESOURCE_NOT_FOUND);
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const id = message.id ?? '';
    const done = (): void => void this.#exchanges.delete(id);
    const tracked: Replies = {
      onMessage: (other) => replies.onMessage(other),
      onAnswer(answer, status) {
        done();
        replies.onAnswer(answer, status);
      },
      onFailure(error) {
        done();
        replies.onFailure(error);
      },
    };
    const sent = errand(tracked, () => this.#wayOf(message, headers));
    const exchange: Exchange = {
      cancel(notice) {
        done();
        sent.cancel(notice);
      },
    };
    this.#exchanges.set(id, exchange);
    return exchange;
  }

  /** Notifications that are for nobody in particular reach nobody, unless MCP says that all servers should know. */
  send(message: Message): void {
    const { kind, method } = message;
    if (kind === 'answer') this.#deliver(this.#asks.answered(message));
    else if (method === 'notifications/progress') this.#deliver(this.#asks.progressed(message));
    else if (method === 'notifications/cancelled') this.#cancel(message);
    else if (method === 'notifications/roots/list_changed') for (const link of this.#links.used()) link.send(message);
  }

  /** Servers have come, gone or changed, or the caller may now use more of them: the lists are other ones. */
  membersChanged(): void {
    this.#lists.outdateAll();
    for (const list of CHANGED_LISTS) this.#changes.changed(list);
  }

  async close(): Promise<void> {
    this.#changes.close();
    await this.#links.close();
  }

  async #wayOf(message: Message, headers: readonly string[] | undefined): Promise<Way> {
    if (this.#links.isClosed) throw connectionLost('the session has ended');
    const { method, params } = message;
    const id = message.id ?? '';
    if (method === 'initialize') return { answer: this.#initialize(id, message) };
    if (method === 'ping') return { answer: resultMessage(id, {}) };
    if (method === 'logging/setLevel') return { answer: this.#setLevel(id, params.level) };
    const list = LIST_BY_METHOD.get(method);
    if (list !== undefined) return this.#lists.list(message, list, headers);
    const target = await this.#targets.of(message, headers);
    if (target === undefined) {
      return { answer: errorMessage(id, METHOD_NOT_FOUND, `Method not found: ${method.slice(0, 100)}`) };
    }
    return 'link' in target ? this.#wayTo(target, headers) : target;
  }

  #wayTo({ link, message }: Target<LegacyLink>, headers: readonly string[] | undefined): Way {
    const noteAnswer = this.#noteSubscription(link, message);
    return {
      send: (replies) => {
        const passed: Replies = {
          onMessage: (other) => {
            const told = this.#toCaller(link, other);
            if (told !== undefined) replies.onMessage(told);
          },
          onAnswer: (answer, status) => {
            this.#lists.found(link.name);
            noteAnswer(answer);
            replies.onAnswer(answer, status);
          },
          onFailure: (error) => replies.onFailure(failureAt(link.name, error)),
        };
        return link.request(message, passed, headers);
      },
    };
  }

  #initialize(id: Id, message: Message): Message {
    const params = recordOf(recordOf(parseJson(message.text)).params);
    const protocolVersion = negotiated(params.protocolVersion);
    this.#handshake = { ...params, protocolVersion };
    const servers = this.#links.all().map(({ name }) => name);
    return resultMessage(id, initializeResult(protocolVersion, servers));
  }

  #setLevel(id: Id, level: unknown): Message {
    if (typeof level !== 'string') return errorMessage(id, INVALID_PARAMS, 'The level is missing');
    this.#level = level;
    for (const link of this.#links.used()) this.#tellLevel(link);
    return resultMessage(id, {});
  }

  /** What the caller has said before goes for a new session, too. */
  #restore(link: LegacyLink): void {
    this.#tellLevel(link);
    for (const [uri, { server, isMade }] of this.#subscriptions) {
      if (isMade && server === link.name) this.#tell(link, 'resources/subscribe', { uri });
    }
  }

  #tellLevel(link: LegacyLink): void {
    if (this.#level !== undefined && link.has('logging')) this.#tell(link, 'logging/setLevel', { level: this.#level });
  }

  /** A request whose answer changes nothing. */
  #tell(link: LegacyLink, method: string, params: JsonObject): void {
    const onMessage = (message: Message): void => this.#onStray(link, message);
    const message = requestMessage(this.#lists.nextId(), method, params);
    link.request(message, { onMessage, onAnswer: () => undefined, onFailure: () => undefined });
  }

  /** Updates may come before the answer does, which is for the function returned. */
  #noteSubscription({ name: server }: LegacyLink, { method, params }: Message): (answer: Message) => void {
    const { uri } = params;
    if (method === 'resources/unsubscribe' && typeof uri === 'string') this.#subscriptions.delete(uri);
    if (method !== 'resources/subscribe' || typeof uri !== 'string' || uri.length > LONGEST_URI) return () => undefined;
    const former = this.#subscriptions.get(uri);
    const subscription = former?.server === server ? former : { server, isMade: false };
    this.#subscriptions.set(uri, subscription);
    const [oldest] = this.#subscriptions.keys();
    if (oldest !== undefined && this.#subscriptions.size > MOST_SUBSCRIPTIONS) this.#subscriptions.delete(oldest);
    return ({ error }) => {
      subscription.isMade ||= error === undefined;
      if (!subscription.isMade && this.#subscriptions.get(uri) === subscription) this.#subscriptions.delete(uri);
    };
  }

  /** Progress belongs to a request; without one, its token could be taken for that of another server's. */
  #onStray(link: LegacyLink, message: Message): void {
    if (message.method === 'notifications/progress') return;
    const told = this.#toCaller(link, message);
    if (told !== undefined) this.#events.onMessage(told);
  }

  /** What a server says, as the caller gets it; undefined: not, or later. */
  #toCaller(link: LegacyLink, message: Message): Message | undefined {
    if (message.kind === 'answer') return undefined;
    if (message.kind === 'request') return this.#asks.asked(link, message);
    if (message.method === 'notifications/cancelled') return this.#asks.cancelled(link, message);
    if (message.method === 'notifications/message') return withLogger(message, link.name);
    if (message.method === 'notifications/resources/updated') {
      return this.#isUpdateFrom(link, message.params.uri) ? message : undefined;
    }
    const list = changedBy(message.method);
    if (list === undefined) return message;
    this.#lists.outdate(link.name, list);
    this.#changes.changed(list);
    return undefined;
  }

  /** A server speaks only for resources that it lists, and for what it has a subscription to or what lies below that. */
  #isUpdateFrom({ name }: LegacyLink, uri: unknown): boolean {
    if (typeof uri !== 'string') return false;
    const owner = this.#directory.listerOf(uri);
    if (owner !== undefined) return owner === name;
    return [...this.#subscriptions].some(([subscribed, { server }]) => server === name && covers(subscribed, uri));
  }

  #onGone(link: LegacyLink): void {
    for (const message of this.#asks.gone(link)) this.#events.onMessage(message);
  }

  #deliver(delivery: { readonly link: LegacyLink; readonly message: Message } | undefined): void {
    delivery?.link.send(delivery.message);
  }

  #cancel(notice: Message): void {
    this.#exchanges.get(notice.params.requestId as Id)?.cancel(notice);
  }
}
