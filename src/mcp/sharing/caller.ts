/** A shared session as one of its callers sees it. */
import { type Id, INVALID_PARAMS, METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { answerLater, failLater } from '../../upstream/peer/answer-later.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  requestMessage,
  resultMessage,
  rewritten,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../upstream/peer/peer.ts';
import { LEGACY_REVISIONS } from '../../upstream/protocol.ts';
import { UnderWay } from '../../upstream/under-way.ts';
import { connectionLost, unavailable } from '../../upstream/wire.ts';
import type { Flight, FlightHost, Request } from './flight.ts';
import { isLogLevel, type LogLevel, reaches } from './levels.ts';
import type { SharedPeer } from './shared-peer.ts';
import { LONGEST_URI } from './subscriptions.ts';

const MOST_IN_FLIGHT = 1_000;
const MOST_SUBSCRIPTIONS = 1_000;

export class SharedCaller implements Peer {
  readonly era = 'legacy';
  readonly events: PeerEvents;
  readonly host: FlightHost;
  readonly flights = new UnderWay<number, Flight>();
  /** From which level on it hears log messages; undefined where it never said. */
  level: LogLevel | undefined;
  readonly #shared: SharedPeer;
  readonly #subscribed = new Set<string>();
  #closed = false;

  constructor(shared: SharedPeer, events: PeerEvents) {
    this.#shared = shared;
    this.events = events;
    this.host = shared.hostFor(this);
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const id = message.id as Id;
    if (this.#closed) return failLater(replies, connectionLost('closed'));
    if (this.flights.size >= MOST_IN_FLIGHT) {
      return failLater(replies, unavailable('Too many requests at once; try again shortly.', 1));
    }
    const request: Request = { message, replies, headers };
    switch (message.method) {
      case 'initialize':
        return answerLater(
          replies,
          this.#shared.opened().then((answer) => welcome(message, answer)),
        );
      case 'ping':
        return answerLater(replies, resultMessage(id, {}));
      case 'logging/setLevel':
        return this.#setLevel(request);
      case 'resources/subscribe':
        return this.#subscribe(request);
      case 'resources/unsubscribe':
        return this.#unsubscribe(request);
      default:
        if (!MEANS_OTHERS.test(message.method)) return this.#shared.fly(this, request);
        return answerLater(replies, errorMessage(id, METHOD_NOT_FOUND, `${message.method} is not supported`));
    }
  }

  send(message: Message): void {
    if (this.#closed || OURS.has(message.method)) return;
    // With two ids in its text an answer would be, for some servers, the one to another caller's question.
    const sound = unlessTooDeep(() => rewritten(message));
    if (sound === undefined) return;
    if (sound.kind === 'answer') this.#shared.answer(this, sound);
    else this.#shared.connection.current?.peer.send(sound);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const flight of this.flights.all()) flight.abandon(connectionLost('The conversation was closed.'));
    this.#shared.leave(this, this.#subscribed);
  }

  /** For the shared peer, which is gone. */
  ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.events.onClosed(reason);
  }

  /** Whether a notification that came with a request of this caller is loud enough for it. */
  hears(message: Message): boolean {
    if (message.method !== 'notifications/message') return true;
    // What another caller asked for would otherwise be this one's, too.
    const least = this.level ?? (this.#shared.upstreamLevel === undefined ? 'debug' : 'info');
    return reaches(message.params.level, least);
  }

  #setLevel(request: Request): Exchange {
    const { message, replies } = request;
    const { level } = message.params;
    const id = message.id as Id;
    if (!isLogLevel(level))
      return answerLater(replies, errorMessage(id, INVALID_PARAMS, 'There is no such log level.'));
    this.level = level;
    const wanted = this.#shared.wantedLevel ?? level;
    if (wanted === this.#shared.upstreamLevel) return answerLater(replies, resultMessage(id, {}));
    this.#shared.upstreamLevel = wanted;
    const refused = watched(replies, () => {
      this.#shared.upstreamLevel = undefined;
    });
    const louder = requestMessage(id, message.method, { level: wanted });
    return this.#shared.fly(this, { ...request, message: louder, replies: refused });
  }

  #subscribe(request: Request): Exchange {
    const { message, replies } = request;
    const { uri } = message.params;
    const refuse = (text: string): Exchange =>
      answerLater(replies, errorMessage(message.id as Id, INVALID_PARAMS, text));
    if (typeof uri !== 'string' || uri.length > LONGEST_URI) return refuse('"uri" is missing or too long.');
    if (this.#subscribed.size >= MOST_SUBSCRIPTIONS) return refuse('Too many subscriptions.');
    const isNew = this.#shared.subscriptions.add(this, uri);
    this.#subscribed.add(uri);
    const undo = (): void => {
      if (!isNew) return;
      this.#subscribed.delete(uri);
      this.#shared.subscriptions.remove(this, uri);
    };
    return this.#shared.fly(this, { ...request, replies: watched(replies, undo) });
  }

  /** The server is told only by the last caller who had subscribed. */
  #unsubscribe(request: Request): Exchange {
    const { message, replies } = request;
    const { uri } = message.params;
    if (typeof uri !== 'string') {
      return answerLater(replies, errorMessage(message.id as Id, INVALID_PARAMS, '"uri" is missing or no text.'));
    }
    this.#subscribed.delete(uri);
    this.#shared.subscriptions.remove(this, uri);
    if (!this.#shared.subscriptions.has(uri)) return this.#shared.fly(this, request);
    return answerLater(replies, resultMessage(message.id as Id, {}));
  }
}

/**
 * Requests that are no single caller's: tasks outlive the requests that made them, and the server would list and end
 * those of all; and a notification with an id is to some servers still a notification.
 */
const MEANS_OTHERS = /^(?:tasks|notifications)\//;
/** Notifications that mean a whole session, or a request by an id that is not the server's. */
const OURS: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

function watched(replies: Replies, onRefused: () => void): Replies {
  return {
    onMessage: (message) => replies.onMessage(message),
    onAnswer: (message, status) => {
      if (message.error !== undefined) onRefused();
      replies.onAnswer(message, status);
    },
    onFailure: (error) => {
      onRefused();
      replies.onFailure(error);
    },
  };
}

/** The kept answer to `initialize`, for one caller: in the revision it asked for, where that is no newer than the server's. */
function welcome(request: Message, answer: Message): Message {
  const asked = request.params.protocolVersion;
  return edited(answer, (value) => {
    const result = value.result as JsonObject;
    const { tasks: _, ...capabilities } = (result.capabilities ?? {}) as JsonObject;
    const protocolVersion = isOlder(asked, result.protocolVersion) ? asked : result.protocolVersion;
    return { ...value, id: request.id, result: { ...result, protocolVersion, capabilities } };
  });
}

function isOlder(asked: unknown, spoken: unknown): boolean {
  if (typeof asked !== 'string' || typeof spoken !== 'string') return false;
  return LEGACY_REVISIONS.includes(asked) && asked <= spoken;
}
