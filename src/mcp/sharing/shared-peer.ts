/** Many callers on one upstream session: each sees it as its own, and nothing of one reaches another. */
import { randomInt } from 'node:crypto';
import { type Id, INTERNAL_ERROR, INVALID_REQUEST } from '../../upstream/jsonrpc.ts';
import { ask } from '../../upstream/peer/ask.ts';
import {
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  replyMessage,
  requestMessage,
} from '../../upstream/peer/message.ts';
import type { Peer, PeerEvents, PeerFactory } from '../../upstream/peer/peer.ts';
import type { LinkTimings } from '../../upstream/timings.ts';
import { UnderWay } from '../../upstream/under-way.ts';
import { connectionLost, unavailable } from '../../upstream/wire.ts';
import { announces, CHANGED_LISTS, changedBy, changedMethod } from '../capabilities.ts';
import { SharedCaller } from './caller.ts';
import { type Opened, SharedConnection } from './connection.ts';
import { Flight, type FlightHost, type Request } from './flight.ts';
import { type LogLevel, mostVerbose } from './levels.ts';
import { Subscriptions } from './subscriptions.ts';

const MOST_CALLERS = 10_000;
/** The first id is below: there are servers that keep ids in 32 bits. */
const FIRST_ID = 2 ** 30;
/** How far ids may lie apart: millions of requests fit into 32 bits. */
const MOST_SKIPPED = 256;
/** How many questions of the server may be open at once. */
const MOST_ASKED = 1_000;
/** How long a request of our own may take. */
const OWN_MS = 30_000;
/** How long a cancelled request may still make the server ask something. */
const DOUBT_MS = 30_000;

/** What a session, or a connection, holds as long as it lasts. */
export interface Lease {
  /** Whose it is. */
  readonly holder: string;
  /** May be called more than once. */
  release(): void;
}

export class SharedPeer {
  readonly connection: SharedConnection;
  readonly lease: Lease | undefined;
  readonly subscriptions = new Subscriptions<SharedCaller>();
  /** What the server was told last; undefined where it was told nothing in this session. */
  upstreamLevel: LogLevel | undefined;
  readonly #callers = new Set<SharedCaller>();
  readonly #flights = new UnderWay<number, Flight>();
  /** Questions of the server, by its ids, and whom they went to. */
  readonly #asked = new Map<Id, Flight>();
  readonly #asksBack: boolean;
  #lastId = randomInt(FIRST_ID);
  #doubtUntil = 0;
  #idleSince = Date.now();

  /**
   * `initializeParams`: protocolVersion, clientInfo and capabilities; with none of elicitation, sampling and roots among
   * them, whatever the server asks is refused.
   */
  constructor(factory: PeerFactory, initializeParams: JsonObject, timings?: LinkTimings, lease?: Lease) {
    this.lease = lease;
    const { capabilities } = initializeParams;
    this.#asksBack = ASKING.some((name) => Object.hasOwn((capabilities ?? {}) as JsonObject, name));
    this.connection = new SharedConnection(
      factory,
      initializeParams,
      {
        onMessage: (message, peer) => this.#unrelated(message, peer),
        onOpened: (opened, again) => this.#restore(opened, again),
        onLost: () => this.#lost(),
        isWanted: () => this.#callers.size > 0,
      },
      timings,
    );
  }

  /** The answer to `initialize`. Rejects with what callers are told. */
  async opened(): Promise<Message> {
    return (await this.connection.open()).answer;
  }

  /** The newest answer to `initialize`; undefined until there was one. */
  get welcome(): Message | undefined {
    return this.connection.answer;
  }

  /** Milliseconds since 1970; undefined while somebody uses it. */
  get idleSince(): number | undefined {
    return this.#callers.size === 0 ? this.#idleSince : undefined;
  }

  /** The session as one caller sees it, of era `legacy`. Throws 503 where there are too many. */
  caller(events: PeerEvents): Peer {
    if (this.#callers.size >= MOST_CALLERS) throw unavailable('Too many callers use this server; try again later.', 60);
    const caller = new SharedCaller(this, events);
    this.#callers.add(caller);
    return caller;
  }

  /** Ends the session, and tells all callers `reason`. */
  async close(reason = 'The server was closed.'): Promise<void> {
    this.lease?.release();
    const closing = this.connection.close();
    for (const flight of this.#flights.all()) attempt(() => flight.fail(connectionLost(reason)));
    for (const caller of [...this.#callers]) {
      this.#callers.delete(caller);
      attempt(() => caller.ended(reason));
    }
    await closing;
  }

  /** For a caller: sends a request. */
  fly(caller: SharedCaller, request: Request): Flight {
    const flight = new Flight(caller.host, this.#nextId(), request);
    this.#flights.set(flight.id, flight);
    caller.flights.set(flight.id, flight);
    flight.start();
    return flight;
  }

  /** For a caller: an answer to the server, if it is this caller who was asked. */
  answer(caller: SharedCaller, answer: Message): void {
    const flight = answer.id === undefined ? undefined : this.#asked.get(answer.id);
    if (flight === undefined || !caller.flights.has(flight.id)) return;
    this.#asked.delete(answer.id as Id);
    flight.reply(answer);
  }

  /** For a caller: it has gone, and with it what it subscribed to. */
  leave(caller: SharedCaller, uris: Iterable<string>): void {
    if (!this.#callers.delete(caller)) return;
    this.#idleSince = Date.now();
    for (const uri of uris) if (this.subscriptions.remove(caller, uri)) this.#own('resources/unsubscribe', { uri });
  }

  get wantedLevel(): LogLevel | undefined {
    return mostVerbose([...this.#callers].flatMap(({ level }) => level ?? []));
  }

  /** Never used before in this session, and nothing that a caller could guess. */
  #nextId(): number {
    this.#lastId += randomInt(1, MOST_SKIPPED);
    return this.#lastId;
  }

  /** For a caller: what becomes of its requests. */
  hostFor(caller: SharedCaller): FlightHost {
    return {
      connection: this.connection,
      onMessage: (message, flight) => this.#related(message, flight, caller),
      onEnd: (flight, how) => this.#landed(flight, caller, how),
    };
  }

  #landed(flight: Flight, caller: SharedCaller, how: 'answered' | 'failed' | 'cancelled'): void {
    this.#flights.take(flight.id);
    caller.flights.take(flight.id);
    if (how === 'cancelled') this.#doubtUntil = Date.now() + DOUBT_MS;
    for (const [id, asked] of this.#asked) {
      if (asked !== flight) continue;
      this.#asked.delete(id);
      // Nobody is there to answer it any more.
      if (how === 'cancelled') flight.reply(errorMessage(id, INTERNAL_ERROR, 'The caller has gone'));
    }
  }

  #related(message: Message, flight: Flight, caller: SharedCaller): void {
    if (message.kind === 'request') {
      this.#ask(message, flight, (answer) => flight.reply(answer));
    } else if (message.method === 'notifications/progress') {
      flight.progress(message);
    } else if (changedBy(message.method) !== undefined) {
      this.#announce(message, caller);
      flight.deliver(message);
    } else if (!this.#directed(message) && caller.hears(message)) {
      flight.deliver(message);
    }
  }

  #unrelated(message: Message, peer: Peer): void {
    if (message.kind === 'request') {
      const flight = peer === this.connection.current?.peer ? this.#soleFlight : undefined;
      this.#ask(message, flight, (answer) => peer.send(answer));
    } else if (message.method === 'notifications/progress') {
      this.#flights.get(message.params.progressToken as number)?.progress(message);
    } else if (changedBy(message.method) !== undefined) {
      this.#announce(message);
    } else {
      this.#directed(message);
    }
  }

  /** What names its addressees. Anything else that belongs to no request may be another's, so nobody gets it. */
  #directed(message: Message): boolean {
    if (message.method === 'notifications/resources/updated') {
      const { uri } = message.params;
      const interested = typeof uri === 'string' ? this.subscriptions.interestedIn(uri) : [];
      for (const caller of interested) caller.events.onMessage(message);
      return true;
    }
    if (message.method !== 'notifications/cancelled') return false;
    const id = message.params.requestId as Id;
    this.#asked.get(id)?.deliver(message);
    this.#asked.delete(id);
    return true;
  }

  /** The request under way, where a question of the server can only be about it. */
  get #soleFlight(): Flight | undefined {
    if (this.#flights.size !== 1 || Date.now() < this.#doubtUntil) return undefined;
    return this.#flights.all()[0];
  }

  #ask(message: Message, flight: Flight | undefined, reply: (answer: Message) => void): void {
    const id = message.id as Id;
    if (message.method === 'ping' || !this.#asksBack || flight === undefined) {
      reply(replyMessage(id, message.method));
    } else if (this.#asked.has(id) || this.#asked.size >= MOST_ASKED) {
      reply(errorMessage(id, INVALID_REQUEST, 'Too many questions at once, or one under an id that is in use'));
    } else {
      this.#asked.set(id, flight);
      flight.deliver(message);
    }
  }

  #announce(message: Message, except?: SharedCaller): void {
    for (const caller of this.#callers) if (caller !== except) caller.events.onMessage(message);
  }

  #lost(): void {
    this.upstreamLevel = undefined;
    this.connection.reopenSoon();
  }

  /** A new session knows nothing of what callers had asked for, and its lists may be others. */
  #restore(opened: Opened, again: boolean): void {
    const level = this.wantedLevel;
    if (level !== undefined && this.upstreamLevel !== level && declares(opened.answer, 'logging')) {
      this.upstreamLevel = level;
      this.#own('logging/setLevel', { level });
    }
    for (const uri of this.subscriptions.uris) this.#own('resources/subscribe', { uri });
    if (!again) return;
    const capabilities = opened.answer.result?.capabilities;
    for (const list of CHANGED_LISTS) {
      if (announces(capabilities, list)) this.#announce(notificationMessage(changedMethod(list)));
    }
  }

  /** What we ask for ourselves; if it fails there is nobody to tell. */
  #own(method: string, params: JsonObject): void {
    const peer = this.connection.current?.peer;
    if (peer !== undefined)
      ask(peer, requestMessage(this.#nextId(), method, params), { ms: OWN_MS }).catch(() => undefined);
  }
}

/** Capabilities of a client that let a server ask back. */
const ASKING = ['elicitation', 'sampling', 'roots'];

/** One caller whose end fails must not keep the others from hearing of theirs. */
function attempt(tell: () => void): void {
  try {
    tell();
  } catch {
    // There is nobody left to be told.
  }
}

/** Whether the answer to `initialize` declares a capability. */
export function declares(answer: Message, capability: string): boolean {
  const capabilities = answer.result?.capabilities as JsonObject | undefined;
  return capabilities?.[capability] !== undefined;
}
