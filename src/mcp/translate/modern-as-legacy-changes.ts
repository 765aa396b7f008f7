/**
 * What an older caller hears unasked, by one `subscriptions/listen` of 2026-07-28: its stream is opened anew when the
 * caller subscribes to something else, and when it ended.
 */

import type { Log } from '../../log-sink.ts';
import { isRecord } from '../../schema/json-schema.ts';
import {
  edited,
  type JsonObject,
  type Message,
  notificationMessage,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { announces, CHANGED_LISTS, type ChangedList, changedMethod } from '../capabilities.ts';
import { ACKNOWLEDGED, MOST_URIS, writtenFilter } from '../subscriptions.ts';
import { untagged } from './modern-as-legacy-words.ts';

/** Opens a stream with this filter. */
export type OpenStream = (notifications: JsonObject, replies: Replies) => Exchange;

/** Subscriptions come in bursts. */
const GATHER_MS = 20;
/** A server that acknowledges nothing is believed to listen. */
const ACKNOWLEDGED_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

interface Stream {
  readonly uris: ReadonlySet<string>;
  readonly isReopened: boolean;
  readonly openedAt: number;
  readonly timer: NodeJS.Timeout;
  exchange: Exchange | undefined;
  /** The server honours nothing of the filter. */
  isEmpty: boolean;
}

interface Waiter {
  readonly uri: string;
  readonly settle: (isHeard: boolean) => void;
}

export class Changes {
  readonly #openStream: OpenStream;
  readonly #deliver: (message: Message) => void;
  readonly #log: Log;
  #lists: readonly ChangedList[] = [];
  readonly #uris = new Set<string>();
  #waiters: Waiter[] = [];
  #newest: Stream | undefined;
  /** Heard until the newest is acknowledged, so that nothing is missed between. */
  #former: Stream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(openStream: OpenStream, deliver: (message: Message) => void, log: Log) {
    this.#openStream = openStream;
    this.#deliver = deliver;
    this.#log = log;
  }

  /** Listens for changes of the lists that the server announces changes of. */
  start(capabilities: JsonObject): void {
    this.#lists = CHANGED_LISTS.filter((list) => announces(capabilities, list));
    if (this.#lists.length > 0) this.#later(0);
  }

  /** Resolves once the server listens: false where it refuses, or where there are too many subscriptions. */
  subscribe(uri: string): Promise<boolean> {
    if (this.#uris.has(uri) && this.#newest?.uris.has(uri) === true) return Promise.resolve(true);
    if (this.#isClosed || (this.#uris.size >= MOST_URIS && !this.#uris.has(uri))) return Promise.resolve(false);
    this.#uris.add(uri);
    this.#later(GATHER_MS);
    return new Promise((settle) => this.#waiters.push({ uri, settle }));
  }

  unsubscribe(uri: string): void {
    if (this.#uris.delete(uri)) this.#later(GATHER_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const stream of [this.#newest, this.#former]) this.#drop(stream);
    this.#settle(undefined, false);
  }

  #later(ms: number, isReopened = false): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(isReopened), ms).unref();
  }

  #open(isReopened: boolean): void {
    if (this.#former === undefined) this.#former = this.#newest;
    else this.#drop(this.#newest);
    this.#newest = undefined;
    if (this.#lists.length === 0 && this.#uris.size === 0) {
      this.#drop(this.#former);
      this.#former = undefined;
      return;
    }
    const stream: Stream = {
      uris: new Set(this.#uris),
      isReopened,
      openedAt: Date.now(),
      timer: setTimeout(() => this.#settle(stream, true), ACKNOWLEDGED_MS).unref(),
      exchange: undefined,
      isEmpty: false,
    };
    this.#newest = stream;
    stream.exchange = this.#openStream(this.#filter(), {
      onMessage: (message) => this.#heard(stream, message),
      onAnswer: (answer) => this.#ended(stream, answer.error !== undefined),
      onFailure: () => this.#ended(stream, false),
    });
  }

  #filter(): JsonObject {
    return writtenFilter({ lists: this.#lists, uris: [...this.#uris] });
  }

  #heard(stream: Stream, message: Message): void {
    if (message.method === ACKNOWLEDGED) {
      this.#acknowledged(stream, message);
      return;
    }
    const notification = unlessTooDeep(() => edited(message, untagged));
    if (notification !== undefined) this.#deliver(notification);
  }

  #acknowledged(stream: Stream, { params }: Message): void {
    if (stream !== this.#newest) return;
    stream.isEmpty = isRecord(params.notifications) && Object.keys(params.notifications).length === 0;
    this.#drop(this.#former);
    this.#former = undefined;
    this.#settle(stream, true);
    // While nobody listened, anything may have changed.
    if (stream.isReopened) for (const list of this.#lists) this.#deliver(notificationMessage(changedMethod(list)));
  }

  /** `isRefused`: by an error of the server's own, which the same filter would meet again. */
  #ended(stream: Stream, isRefused: boolean): void {
    clearTimeout(stream.timer);
    this.#settle(stream, false);
    if (stream === this.#former) this.#former = undefined;
    if (stream !== this.#newest) return;
    this.#newest = undefined;
    this.#log.debug({ isRefused }, 'the server ended the stream of changes');
    if (isRefused || stream.isEmpty) return;
    this.#failures = Date.now() - stream.openedAt > LONGEST_PAUSE_MS ? 1 : this.#failures + 1;
    this.#later(Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS), true);
  }

  /** Answers those who wait for what `stream` listens to; for all where there is none. */
  #settle(stream: Stream | undefined, isHeard: boolean): void {
    clearTimeout(stream?.timer);
    const isSettled = ({ uri }: Waiter): boolean => stream === undefined || stream.uris.has(uri);
    const settled = this.#waiters.filter(isSettled);
    this.#waiters = this.#waiters.filter((waiter) => !isSettled(waiter));
    for (const { settle } of settled) settle(isHeard);
  }

  #drop(stream: Stream | undefined): void {
    clearTimeout(stream?.timer);
    stream?.exchange?.cancel();
  }
}
