/** One session of a client that speaks 2024-11-05 to 2025-11-25: its requests under way, its streams, and the server behind. */
import { type Id, INVALID_REQUEST } from '../../upstream/jsonrpc.ts';
import { errorMessage, type Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerFactory } from '../../upstream/peer/peer.ts';
import { UnderWay } from '../../upstream/under-way.ts';
import { connectionLost } from '../../upstream/wire.ts';
import type { Share } from '../budget.ts';
import { failureMessage } from '../failures.ts';
import { EventLog, parseEventId } from './event-log.ts';
import { MessageStream, type Outlet } from './message-stream.ts';
import { type ReplyOutlet, ReplyStream } from './reply-stream.ts';

interface Pending {
  readonly id: Id;
  readonly exchange: Exchange;
  readonly replies: ReplyStream;
  /** It is the `initialize`. */
  readonly isFirst: boolean;
}

/** Requests under way at once. */
const MOST_PENDING = 1_000;
/** Ended streams that can still be resumed. */
const MOST_ENDED = 64;
/** The stream for what belongs to no request. */
const STANDING = 0;
/** A reply that takes longer becomes an event stream, so that nobody between us and the client gives up. */
const SOON_MS = 5_000;

export interface ConversationOptions {
  /** 256 random bits; only the caller who opened the session knows it, and it alone opens nothing. */
  readonly id: string;
  /** Who opened it, and whose it therefore is. */
  readonly owner: string;
  readonly peer: PeerFactory;
  /** False where the transport has no way to hear again what was missed. Default: true. */
  readonly isResumable?: boolean;
  /** True where the server alone decides about a second `initialize`. Default: false, it is refused. */
  readonly mayBeginAgain?: boolean;
  /** What large events that nobody was given count for. Default: nothing. */
  readonly room?: Share;
}

export class Conversation {
  readonly id: string;
  readonly owner: string;
  readonly #peer: Peer;
  readonly #log: EventLog;
  readonly #mayBeginAgain: boolean;
  readonly #standing: MessageStream;
  readonly #pending = new UnderWay<Id, Pending>();
  /** By number; those of requests under way, and the last ones that ended. */
  readonly #replies = new UnderWay<number, ReplyStream>();
  readonly #ended: number[] = [];
  #nextStream = STANDING + 1;
  /** An `initialize` is under way, or has been answered with a result. */
  #hasBegun = false;
  #version = '';
  #lastUsed = Date.now();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor({ id, owner, peer, isResumable = true, mayBeginAgain = false, room }: ConversationOptions) {
    this.#log = new EventLog(isResumable, room);
    this.#standing = new MessageStream(STANDING, this.#log);
    this.#mayBeginAgain = mayBeginAgain;
    this.id = id;
    this.owner = owner;
    this.#peer = peer({
      onMessage: (message) => this.#unasked(message),
      // The peers that we are given come back by themselves.
      onClosed: () => undefined,
    });
  }

  /** The revision that was agreed on; empty before. */
  get version(): string {
    return this.#version;
  }

  /** True while the client hears a stream or waits for an answer. */
  get isInUse(): boolean {
    return this.#pending.size > 0 || this.#standing.isOpen;
  }

  /** When the client was heard last, in milliseconds since the epoch. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Requests that came together; the answers, and what the server says before them, go to `outlet`. */
  ask(requests: readonly Message[], outlet: ReplyOutlet, headers: readonly string[]): void {
    this.#lastUsed = Date.now();
    const replies = new ReplyStream(this.#nextStream, this.#log, outlet, requests.length);
    this.#nextStream += 1;
    this.#replies.set(replies.stream.number, replies);
    for (const request of requests) this.#request(request, replies, headers);
  }

  /** A notification, or the answer to a request of the server. */
  tell(message: Message): void {
    this.#lastUsed = Date.now();
    if (message.method === 'notifications/cancelled') this.#cancel(message);
    else this.#peer.send(message);
  }

  /** Opens the stream for what belongs to no request. */
  listen(outlet: Outlet): void {
    this.#lastUsed = Date.now();
    this.#standing.attach(outlet);
    this.#standing.touch();
  }

  /**
   * Goes on with the stream that was broken after the event `lastEventId`; false where that is none of this session, or
   * where what came next is not known any more.
   */
  resume(lastEventId: string, outlet: Outlet): boolean {
    this.#lastUsed = Date.now();
    const last = parseEventId(lastEventId);
    const stream = last?.stream === STANDING ? this.#standing : this.#replies.get(last?.stream ?? -1)?.stream;
    // Going on with a gap would be a loss that nobody sees.
    if (last === undefined || stream?.canGoOnAfter(last.number) !== true) return false;
    stream.attach(outlet, last.number);
    stream.touch();
    return true;
  }

  /** The client's connection has closed. That cancels nothing (Streamable HTTP, sending messages 6). */
  left(outlet: Outlet): void {
    this.#lastUsed = Date.now();
    this.#standing.detach(outlet);
    for (const replies of this.#replies.all()) replies.detach(outlet);
  }

  /** Called every few seconds. `awake`: keeps quiet connections from being cut by proxies. */
  tick(now: number, awake: boolean): void {
    for (const replies of this.#replies.all()) {
      if (replies.isUndecided) {
        if (now - replies.since >= SOON_MS) replies.begin(this.#knowsPriming);
      } else if (awake) replies.stream.touch();
    }
    if (awake) this.#standing.touch();
  }

  /** Ends every stream at once, and answers what is under way; resolves once the session at the server has ended, too. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#closing = this.#close();
    }
    await this.#closing;
  }

  async #close(): Promise<void> {
    const closed = this.#peer.close();
    for (const { id, exchange, replies } of this.#pending.all()) {
      exchange.cancel();
      this.#answer(replies, failureMessage(id, connectionLost('the session was closed')));
    }
    this.#pending.clear();
    this.#standing.finish();
    for (const { stream } of this.#replies.all()) stream.finish();
    this.#replies.clear();
    this.#log.clear();
    await closed;
  }

  /** Older clients take an event without a message for a broken one (SEP-1699). */
  get #knowsPriming(): boolean {
    return this.#version >= '2025-11-25';
  }

  #request(request: Message, replies: ReplyStream, headers: readonly string[]): void {
    const id = request.id as Id;
    const refusal = this.#refusal(request, id);
    if (refusal !== undefined) {
      this.#answer(replies, refusal);
      return;
    }
    const isFirst = request.method === 'initialize';
    if (isFirst) this.#hasBegun = true;
    const exchange = this.#peer.request(
      request,
      {
        onMessage: (message) => replies.push(message),
        onAnswer: (answer) => {
          this.#lastUsed = Date.now();
          this.#pending.take(id);
          if (isFirst) this.#agreed(answer);
          this.#answer(replies, answer);
        },
        onFailure: (error) => {
          this.#pending.take(id);
          if (isFirst) this.#hasBegun = false;
          this.#answer(replies, failureMessage(id, error));
        },
      },
      headers,
    );
    this.#pending.set(id, { id, exchange, replies, isFirst });
  }

  /** What is answered without asking the server. */
  #refusal({ method }: Message, id: Id): Message | undefined {
    if (this.#pending.has(id)) {
      return errorMessage(id, INVALID_REQUEST, 'Another request of this session has this id.');
    }
    if (this.#pending.size >= MOST_PENDING) {
      return errorMessage(id, INVALID_REQUEST, `This session has ${MOST_PENDING} requests under way.`);
    }
    if (method === 'initialize' && this.#hasBegun && !this.#mayBeginAgain) {
      return errorMessage(id, INVALID_REQUEST, 'This session is initialized already.');
    }
    return undefined;
  }

  #answer(replies: ReplyStream, answer: Message): void {
    replies.answer(answer);
    this.#settled(replies);
  }

  /** One that failed may be tried again. */
  #agreed(answer: Message): void {
    this.#hasBegun = answer.error === undefined;
    const version = answer.result?.protocolVersion;
    if (typeof version === 'string') this.#version = version;
  }

  #cancel(notice: Message): void {
    const { requestId } = notice.params;
    const pending = this.#pending.take(requestId as Id);
    if (pending === undefined) return;
    if (pending.isFirst) this.#hasBegun = false;
    pending.exchange.cancel(notice);
    pending.replies.giveUp();
    this.#settled(pending.replies);
  }

  /** To the standing stream where the client hears it, else to the newest request that is heard. */
  #unasked(message: Message): void {
    if (this.#isClosed) return;
    if (!this.#standing.isOpen) {
      const heard = this.#pending.all().findLast(({ replies }) => replies.isHeard);
      if (heard !== undefined) {
        heard.replies.push(message);
        return;
      }
    }
    this.#standing.push(message);
  }

  /** Ended streams are kept for a while, so that their last events can be heard again. */
  #settled(replies: ReplyStream): void {
    if (!replies.stream.isDone) return;
    const { number } = replies.stream;
    if (!replies.wasStreamed) {
      this.#replies.take(number);
      return;
    }
    this.#ended.push(number);
    const oldest = this.#ended.length > MOST_ENDED ? this.#ended.shift() : undefined;
    if (oldest !== undefined) this.#replies.take(oldest);
  }
}
