/** One call of a stateless caller at a server with sessions; it goes on from round to round while the server asks something. */

import { isRecord } from '../../schema/json-schema.ts';
import { type Id, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  requestMessage,
  resultMessage,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Peer, Replies } from '../../upstream/peer/peer.ts';
import { badAnswer, connectionLost } from '../../upstream/wire.ts';
import { changedBy } from '../capabilities.ts';
import { reaches } from '../sharing/levels.ts';
import { declares, type SharedPeer } from '../sharing/shared-peer.ts';
import { metaOf, modernAnswer, statusOf } from './legacy-as-modern-answers.ts';
import { type Envelope, envelopeOf, withoutEnvelope } from './legacy-as-modern-envelope.ts';
import { newRequestState, type Owner, type Rounds } from './rounds.ts';
import { mayAsk } from './rounds-capabilities.ts';
import { Questions } from './rounds-questions.ts';

/** Methods whose results may be `input_required`. */
export const ROUND_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
/** What a server asks at once comes in messages of their own. */
const GATHER_MS = 20;
/** Of questions, and of an answer that came while nobody waited; in characters. */
const MOST_KEPT = 4 * 1024 * 1024;

export interface CallHost {
  readonly shared: SharedPeer;
  readonly rounds: Rounds<RoundsCall>;
  readonly owner: Owner;
}

/** One request of the caller: the first one, or one that brings answers. */
interface Round {
  readonly request: Message;
  readonly replies: Replies;
  /** The caller waits no more, though the call may. */
  readonly onEnd: () => void;
}

type Outcome = { readonly answer: Message } | { readonly error: unknown };

export class RoundsCall {
  readonly #host: CallHost;
  readonly #first: Message;
  readonly #view: Peer;
  readonly #questions = new Questions();
  #round: Round | undefined;
  #envelope: Envelope;
  #outcome: Outcome | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #kept = 0;
  #over = false;

  /** Throws 503 where too many use the server. */
  constructor(host: CallHost, first: Message) {
    this.#host = host;
    this.#first = first;
    this.#envelope = envelopeOf(first);
    this.#view = host.shared.caller({ onMessage: () => undefined, onClosed: () => undefined });
  }

  /** `onEnd`: the caller waits no more. */
  start(replies: Replies, headers: readonly string[] | undefined, onEnd: () => void): void {
    this.#begin(this.#first, replies, onEnd);
    const request = unlessTooDeep(() => withoutEnvelope(this.#first));
    if (request === undefined) {
      this.#answerSoon(errorMessage(this.#first.id as Id, INVALID_PARAMS, 'The parameters are nested too deeply.'));
      return;
    }
    this.#afterLogLevel(() => {
      if (this.#over) return;
      this.#view.request(
        request,
        {
          onMessage: (message) => this.#said(message),
          onAnswer: (answer) => this.#ended({ answer }),
          onFailure: (error) => this.#ended({ error }),
        },
        headers,
      );
    });
  }

  /** The caller is back, with `inputResponses`. */
  resume(request: Message, replies: Replies, onEnd: () => void): void {
    this.#begin(request, replies, onEnd);
    const outcome = this.#outcome;
    if (outcome !== undefined) queueMicrotask(() => this.#tell(outcome));
    else this.#handOver(request);
  }

  /** The caller does not wait for `request` any more; it may have been answered. */
  cancel(request: Message): void {
    if (this.#round?.request === request) this.#end();
  }

  /** Nobody came back. */
  expire(): void {
    this.#end();
  }

  /** The caller's side is closed: whoever waits hears `error`; a call between two rounds stays. */
  abandon(error: unknown): void {
    const { replies } = this.#round ?? {};
    if (replies === undefined) return;
    this.#end();
    replies.onFailure(error);
  }

  #begin(request: Message, replies: Replies, onEnd: () => void): void {
    this.#envelope = envelopeOf(request);
    this.#round = { request, replies, onEnd };
  }

  /** Gives the caller's answers to the server; where some are missing it is asked again. */
  #handOver(request: Message): void {
    const answers = this.#questions.answersIn(request);
    if (answers === undefined) {
      queueMicrotask(() => this.#gather());
      return;
    }
    this.#keepOnlyQuestions();
    for (const answer of answers) this.#view.send(answer);
    this.#gatherSoon();
  }

  /** Tells the server how much it is to log, where that is asked for. */
  #afterLogLevel(send: () => void): void {
    const level = this.#envelope.logLevel;
    if (level === undefined) {
      send();
      return;
    }
    this.#host.shared
      .opened()
      .then((welcome) => {
        const request = requestMessage('level', 'logging/setLevel', { level });
        if (!declares(welcome, 'logging')) send();
        else this.#view.request(request, { onMessage: () => undefined, onAnswer: send, onFailure: send });
      })
      .catch((error: unknown) => this.#ended({ error }));
  }

  #said(message: Message): void {
    if (message.kind === 'request') this.#asked(message);
    else if (message.method === 'notifications/cancelled') this.#questions.withdraw(message.params.requestId);
    else if (this.#round !== undefined) this.#passOn(message, this.#round);
  }

  #passOn(message: Message, { request, replies }: Round): void {
    switch (message.method) {
      case 'notifications/progress': {
        const { _meta } = request.params;
        const token = isRecord(_meta) ? _meta.progressToken : undefined;
        if (token === undefined) return;
        const mine = unlessTooDeep(() => edited(message, (value) => withToken(value, token)));
        if (mine !== undefined) replies.onMessage(mine);
        return;
      }
      case 'notifications/message':
        if (this.#hears(message)) replies.onMessage(message);
        return;
      default:
        // Changes are for those who listen (Subscriptions).
        if (!isChange(message.method)) replies.onMessage(message);
    }
  }

  #hears(message: Message): boolean {
    const { logLevel } = this.#envelope;
    return logLevel !== undefined && reaches(message.params.level, logLevel);
  }

  #asked(question: Message): void {
    if (!ROUND_METHODS.has(this.#first.method) || !mayAsk(this.#envelope.capabilities, question)) {
      this.#refuse(question, METHOD_NOT_FOUND, `${question.method} is not supported`);
    } else if (this.#questions.isFull || !this.#keep(question.text.length)) {
      this.#refuse(question, INTERNAL_ERROR, 'Too much is asked at once');
    } else {
      this.#questions.add(question);
      this.#gatherSoon();
    }
  }

  #refuse({ id }: Message, code: number, text: string): void {
    this.#view.send(errorMessage(id as Id, code, text));
  }

  #gatherSoon(): void {
    if (this.#round === undefined || this.#gathering !== undefined || this.#questions.size === 0) return;
    this.#gathering = setTimeout(() => this.#gather(), GATHER_MS);
  }

  /** Ends the round with what the server wants to know. */
  #gather(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const round = this.#round;
    if (round === undefined || this.#questions.size === 0) return;
    const inputRequired = this.#inputRequired(round.request.id as Id);
    if (inputRequired === undefined) {
      for (const question of this.#questions.takeAll())
        this.#refuse(question, INTERNAL_ERROR, 'It cannot be asked now');
      return;
    }
    this.#leaveRound();
    round.replies.onAnswer(inputRequired, 200);
  }

  /** Undefined where the call cannot wait for an answer. */
  #inputRequired(id: Id): Message | undefined {
    const { rounds, owner, shared } = this.#host;
    const requestState = newRequestState();
    const message = unlessTooDeep(() => {
      const inputRequests = this.#questions.present();
      const result = { resultType: 'input_required', inputRequests, requestState, ...metaOf({}, shared.welcome) };
      return resultMessage(id, result);
    });
    return message !== undefined && rounds.hold(requestState, this, owner, this.#first) ? message : undefined;
  }

  #ended(outcome: Outcome): void {
    if (this.#over) return;
    if (this.#round !== undefined) {
      this.#tell(outcome);
      return;
    }
    const fits = !('answer' in outcome) || this.#keep(outcome.answer.text.length);
    this.#outcome = fits ? outcome : { error: connectionLost('the answer came while nobody waited, and is too large') };
    this.#questions.takeAll();
  }

  #tell(outcome: Outcome): void {
    const round = this.#round;
    if (round === undefined) return;
    this.#end();
    const { request, replies } = round;
    if ('error' in outcome) {
      replies.onFailure(outcome.error);
      return;
    }
    const { welcome } = this.#host.shared;
    const answer = unlessTooDeep(() => modernAnswer(outcome.answer, request.method, request.id as Id, welcome));
    if (answer === undefined) replies.onFailure(badAnswer('The answer of the server is nested too deeply.'));
    else replies.onAnswer(answer, statusOf(answer));
  }

  #answerSoon(answer: Message): void {
    queueMicrotask(() => this.#tell({ answer }));
  }

  #keep(size: number): boolean {
    if (this.#kept + size > MOST_KEPT || !this.#host.rounds.reserve(size)) return false;
    this.#kept += size;
    return true;
  }

  #keepOnlyQuestions(): void {
    const { length } = this.#questions;
    this.#host.rounds.release(this.#kept - length);
    this.#kept = length;
  }

  /** The caller waits no more. */
  #leaveRound(): void {
    const round = this.#round;
    this.#round = undefined;
    round?.onEnd();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#gathering);
    this.#leaveRound();
    this.#host.rounds.release(this.#kept);
    this.#view.close().catch(() => undefined);
  }
}

function isChange(method: string): boolean {
  return method === 'notifications/resources/updated' || changedBy(method) !== undefined;
}

function withToken(value: JsonObject, progressToken: unknown): JsonObject {
  return { ...value, params: { ...(value.params as JsonObject), progressToken } };
}
