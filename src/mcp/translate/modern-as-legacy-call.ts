/** One request of an older caller to a server of 2026-07-28, through as many rounds of input as the server wants. */
import { GatewayError, messageOf } from '../../errors.ts';
import { parseJson } from '../../schema/json.ts';
import { recordOf } from '../../schema/json-schema.ts';
import { type Id, INTERNAL_ERROR } from '../../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { badAnswer, MAX_MESSAGE_BYTES } from '../../upstream/wire.ts';
import { type Round, roundOf } from './modern-as-legacy-questions.ts';
import { type Caller, enveloped, legacyResult } from './modern-as-legacy-words.ts';

/** What a call needs of the session that it belongs to. */
export interface CallHost {
  readonly peer: Peer;
  readonly caller: Caller;
  /** Never the same twice; used towards both sides. */
  nextId(): string;
  /** The caller's answer to the question `id` is for `call`. */
  asked(id: Id, call: TranslatedCall): void;
  /** No answer to the question `id` is waited for any more. */
  unasked(id: Id): void;
  ended(call: TranslatedCall): void;
  /** Sees each answer as the server gave it, before the caller has it. */
  answered(answer: Message, method: string): void;
}

const MOST_ROUNDS = 16;
/** A round without a question would otherwise come back at once, again and again. */
const PAUSE_MS = 250;

export class TranslatedCall implements Exchange {
  readonly #host: CallHost;
  readonly #message: Message;
  readonly #replies: Replies;
  /** As the caller wrote it: a large integer is a bigint. */
  #id: unknown;
  #headers: readonly string[] = [];
  #leg: Exchange | undefined;
  #rounds = 0;
  #requestState: unknown;
  /** Questions without an answer yet: the key of each by its id. */
  readonly #open = new Map<Id, string>();
  #answers: [string, unknown][] = [];
  #answerSize = 0;
  #pause: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(host: CallHost, message: Message, replies: Replies) {
    this.#host = host;
    this.#message = message;
    this.#replies = replies;
  }

  /** Sends the request. `headers`: go with every round. */
  start(headers: readonly string[]): void {
    if (this.#isOver) return;
    this.#headers = headers;
    if (!this.#send({})) queueMicrotask(() => this.fail(tooDeep()));
  }

  cancel(): void {
    if (this.#end()) this.#leg?.cancel();
  }

  /** The server is gone, or the session over. */
  fail(error: unknown): void {
    if (!this.#end()) return;
    this.#leg?.cancel();
    this.#replies.onFailure(error);
  }

  /** The caller's answer to one of the questions. */
  receive(answer: Message): void {
    const id = answer.id ?? '';
    const key = this.#open.get(id);
    if (key === undefined) return;
    this.#open.delete(id);
    if (answer.error !== undefined) {
      const { code, message } = answer.error;
      this.#giveUp('The client did not give the input that the server needs.', { client_error: { code, message } });
      return;
    }
    this.#answerSize += answer.text.length;
    if (this.#answerSize > MAX_MESSAGE_BYTES) {
      this.#giveUp('The input for the server is too large.');
      return;
    }
    this.#answers.push([key, recordOf(parseJson(answer.text)).result]);
    if (this.#open.size === 0) this.#nextLeg();
  }

  /** False for what is nested too deeply to be written. */
  #send(more: JsonObject): boolean {
    const { caller, peer } = this.#host;
    const outgoing = unlessTooDeep(() =>
      edited(this.#message, ({ id, params, ...value }) => {
        this.#id = id;
        const own = { ...recordOf(params), ...more };
        return { ...value, id: this.#host.nextId(), params: enveloped(own, caller) };
      }),
    );
    if (outgoing === undefined) return false;
    this.#leg = peer.request(
      outgoing,
      {
        onMessage: (message) => this.#replies.onMessage(message),
        onAnswer: (answer) => this.#answered(answer),
        onFailure: (error) => {
          this.#leg = undefined;
          this.fail(error);
        },
      },
      this.#headers,
    );
    return true;
  }

  #answered(answer: Message): void {
    this.#leg = undefined;
    if (answer.result?.resultType === 'input_required') this.#inputRequired(answer);
    else this.#finish(answer);
  }

  #finish(answer: Message): void {
    const { method } = this.#message;
    const id = this.#id;
    const translated = unlessTooDeep(() =>
      edited(answer, ({ result, ...value }) => {
        if (answer.error !== undefined) return { ...value, id };
        return { ...value, id, result: legacyResult(method, recordOf(result)) };
      }),
    );
    if (translated === undefined) {
      this.fail(badAnswer('The answer is nested too deeply.'));
    } else if (this.#end()) {
      this.#host.answered(answer, method);
      this.#replies.onAnswer(translated, 200);
    }
  }

  #inputRequired(answer: Message): void {
    this.#rounds += 1;
    this.#answers = [];
    this.#answerSize = 0;
    try {
      if (this.#rounds > MOST_ROUNDS) throw new Error(`The server still wants input after ${MOST_ROUNDS} rounds.`);
      this.#ask(roundOf(recordOf(recordOf(parseJson(answer.text)).result), this.#host.caller.capabilities));
    } catch (error) {
      this.#giveUp(error instanceof RangeError ? 'The question is nested too deeply.' : messageOf(error));
    }
  }

  #ask({ questions, requestState }: Round): void {
    this.#requestState = requestState;
    const requests = questions.map(({ key, method, params }) => {
      const id = this.#host.nextId();
      return { id, key, request: requestMessage(id, method, params) };
    });
    for (const { id, key } of requests) {
      this.#open.set(id, key);
      this.#host.asked(id, this);
    }
    for (const { request } of requests) this.#replies.onMessage(request);
    if (requests.length === 0) this.#pause = setTimeout(() => this.#nextLeg(), PAUSE_MS).unref();
  }

  /** The same request once more, with what the server wanted (2026-07-28, multi round-trip requests). */
  #nextLeg(): void {
    const answers = Object.fromEntries(this.#answers);
    this.#answers = [];
    const isSent = this.#send({
      ...(Object.keys(answers).length === 0 ? {} : { inputResponses: answers }),
      ...(this.#requestState === undefined ? {} : { requestState: this.#requestState }),
    });
    if (!isSent) this.#giveUp('The input for the server is nested too deeply.');
  }

  #giveUp(text: string, data?: JsonObject): void {
    for (const requestId of this.#open.keys()) {
      this.#replies.onMessage(notificationMessage('notifications/cancelled', { requestId }));
    }
    const { id = '' } = this.#message;
    if (this.#end()) this.#replies.onAnswer(errorMessage(id, INTERNAL_ERROR, text, data), 200);
  }

  /** True the first time. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#pause);
    for (const id of this.#open.keys()) this.#host.unasked(id);
    this.#open.clear();
    this.#host.ended(this);
    return true;
  }
}

/** For what JSON.parse reads but nothing can write: thousands of levels. */
export function tooDeep(): GatewayError {
  return new GatewayError('invalid_arguments', 422, 'The request is nested too deeply.');
}
