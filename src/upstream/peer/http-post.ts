/** One request over streamable HTTP: its POST, what comes back, and the GETs that go on where a stream broke off. */
import type { Log } from '../../log-sink.ts';
import { isPassing } from '../event-stream.ts';
import { type HttpAnswer, HttpExchange } from '../http-exchange.ts';
import type { HttpSession } from '../http-session.ts';
import { httpFailure, RedirectError } from '../http-status.ts';
import type { Id } from '../jsonrpc.ts';
import { operationOf } from '../operation.ts';
import type { Bearer, OriginRequest } from '../origin-client.ts';
import { StopSource } from '../stop-source.ts';
import { connectionLost, reasonOf } from '../wire.ts';
import { readMessages } from './batch.ts';
import { cancelledMessage } from './cancelled.ts';
import type { Message } from './message.ts';
import { answerTo } from './modern-answer.ts';
import type { Exchange, Replies } from './peer.ts';
import { Resumption } from './resumption.ts';

/** How long an exchange that nobody listens to may go on; a clean end keeps the connection for the next one. */
const LINGER_MS = 1_000;
const MAX_REDIRECTS = 3;

/** What a request tells the peer that it belongs to. */
export interface PostEvents {
  /** Nothing will come of the request any more; called once, after its last reply. */
  onEnd(post: HttpPost): void;
  /** The server does not know the session; called before `onEnd`. */
  onSessionLost(reason: string): void;
  /** To be sent after the request. */
  onNotice(message: Message): void;
}

export class HttpPost implements Exchange {
  readonly message: Message;
  readonly replies: Replies;
  /** By which the peer knows it. */
  number = 0;
  readonly #session: HttpSession;
  readonly #headers: readonly string[];
  readonly #events: PostEvents;
  readonly #log: Log;
  readonly #stop = new StopSource();
  readonly #resumption = new Resumption();
  #exchange: HttpExchange | undefined;
  #redirects = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `headers`: for this request alone, flat: name, value, name, value. */
  constructor(
    message: Message,
    replies: Replies,
    session: HttpSession,
    headers: readonly string[],
    events: PostEvents,
    log: Log,
  ) {
    this.message = message;
    this.replies = replies;
    this.#session = session;
    this.#headers = headers;
    this.#events = events;
    this.#log = log;
  }

  /** Sends the request, unless it was cancelled before. Never throws: some call it where nobody would hear of that. */
  send(): void {
    if (this.#isOver) return;
    try {
      this.#authorized((bearer) => this.#post(bearer)).catch((error: unknown) => this.#postFailed(error));
    } catch (error) {
      queueMicrotask(() => this.fail(error));
    }
  }

  cancel(notice?: Message): void {
    if (this.#isOver) return;
    const cancelled = this.#exchange?.isStarted === true ? cancelledMessage(this.message, notice) : undefined;
    this.#end();
    if (cancelled === undefined) {
      this.#stop.abort(new Error('cancelled'));
    } else {
      this.#events.onNotice(cancelled);
      setTimeout(() => this.#stop.abort(new Error('cancelled')), LINGER_MS).unref();
    }
  }

  /** Ends the request with `error`, if it has not ended. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end(() => this.replies.onFailure(error));
    this.#stop.abort(error);
  }

  #authorized(send: (bearer: Bearer) => Promise<void>): Promise<void> {
    const { method, params } = this.message;
    return this.#session.client.authorized(operationOf(method, params), this.#stop, send);
  }

  #post(bearer: Bearer): Promise<void> {
    const isFirst = this.message.method === 'initialize';
    return this.#run(this.#session.post(this.message.text, this.#headers), bearer, {
      onHead: (status, head) => {
        if (isFirst && status < 300) this.#session.rememberId(head);
      },
      answered: (answer) => this.#answered(answer),
    });
  }

  #postFailed(error: unknown): void {
    if (this.#isOver) return;
    if (this.#followed(error)) this.send();
    else if (!this.#resumesAfter(error)) this.#end(() => this.replies.onFailure(error));
  }

  /** The very first request may have to go elsewhere on the same origin: nothing has run yet. */
  #followed(error: unknown): boolean {
    const isFirst = this.message.method === 'initialize' && !this.#session.isEstablished;
    if (!isFirst || !(error instanceof RedirectError) || this.#redirects >= MAX_REDIRECTS) return false;
    if (error.location.origin !== this.#session.url.origin) return false;
    this.#redirects += 1;
    this.#session.moveTo(error.location);
    return true;
  }

  #resumesAfter(error: unknown): boolean {
    const pause = this.#resumption.nextPause(error);
    if (pause === undefined) return false;
    this.#timer = setTimeout(() => this.#resume(), pause).unref();
    return true;
  }

  #resume(): void {
    this.#authorized((bearer) => this.#get(bearer)).catch((error: unknown) => {
      if (this.#isOver || this.#resumesAfter(error)) return;
      // Whatever it was about the GET: the request itself has been taken, and nobody may repeat it.
      this.#end(() => this.replies.onFailure(connectionLost(`the event stream broke off: ${reasonOf(error)}`)));
    });
  }

  #get(bearer: Bearer): Promise<void> {
    return this.#run(this.#session.get(this.#resumption.lastEventId), bearer, {
      answered: (answer) => {
        if (isPassing(answer.status)) return connectionLost(`HTTP ${answer.status}`);
        return httpFailure(answer, this.#session.url);
      },
    });
  }

  /** Resolves once the answer has been passed on; `answered` gets an answer that is complete, and says why it is none. */
  #run(request: OriginRequest, bearer: Bearer, events: RunEvents): Promise<void> {
    // Cancelled while a token was being renewed.
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#exchange = new HttpExchange(this.#stop, {
        onHead: (status, head) => events.onHead?.(status, head),
        onRetry: (ms) => this.#resumption.wishes(ms),
        onEvent: (data, _event, id) => {
          this.#resumption.progress(id);
          this.#take(readMessages(data));
          if (this.#isOver) resolve();
          return this.#isOver;
        },
        onAnswer: (answer) => {
          const failure = events.answered(answer);
          if (failure === undefined) resolve();
          else reject(failure);
        },
        onFailure: reject,
      });
      this.#session.client.send(request, bearer, this.#exchange);
    });
  }

  /** Passes on what a complete answer to the POST holds; undefined, or why it does not hold the answer. */
  #answered(answer: HttpAnswer): Error | undefined {
    const messages = readMessages(answer.body);
    const hasAnswer = messages.some((message) => answerTo(this.message, message) !== undefined);
    const { failure, lost } = this.#session.judge(answer, this.message.id as Id, hasAnswer);
    if (lost !== undefined) this.#events.onSessionLost(lost);
    if (failure === undefined) this.#take(messages);
    return failure;
  }

  /** Passes on what belongs to the request, its answer last. */
  #take(messages: readonly Message[]): void {
    let answer: Message | undefined;
    for (const message of messages) {
      if (this.#isOver) return;
      if (message.kind !== 'answer') this.replies.onMessage(message);
      else answer ??= this.#asAnswer(message);
    }
    if (answer !== undefined && !this.#isOver) this.#finish(answer);
  }

  #asAnswer(message: Message): Message | undefined {
    const answer = answerTo(this.message, message);
    if (answer === undefined)
      this.#log.debug({}, 'an answer to another request than the one that was sent was ignored');
    return answer;
  }

  #finish(answer: Message): void {
    const { result } = answer;
    if (this.message.method === 'initialize' && result !== undefined) {
      this.#session.establish(headerVersion(result.protocolVersion));
    }
    this.#end(() => this.replies.onAnswer(answer, 200));
  }

  #end(tell?: () => void): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    tell?.();
    this.#events.onEnd(this);
  }
}

interface RunEvents {
  onHead?(status: number, headers: HttpAnswer['headers']): void;
  answered(answer: HttpAnswer): Error | undefined;
}

/** A revision that a header can name; a server may answer anything. */
function headerVersion(version: unknown): string | undefined {
  return typeof version === 'string' && /^[\x21-\x7e]{1,64}$/.test(version) ? version : undefined;
}
