/**
 * Stands between one caller and a server with logins: adds the tool that tells how to connect, keeps the session of a caller
 * without a connection alive, and words a missing login in the way that the caller's client understands.
 */
import { identityRequired, LoginNeeded } from '../../oauth/errors.ts';
import { type Id, INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { edited, errorMessage, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, PeerFactory, Replies } from '../../upstream/peer/peer.ts';
import { NotSentError } from '../../upstream/wire.ts';
import { ACKNOWLEDGED } from '../subscriptions.ts';
import { connectDefinition } from './connect-tool.ts';
import { GatedCall } from './gated-call.ts';
import { LoginAnswers, type LoginAnswersOptions } from './login-answers.ts';
import { envelopeOpensUrls, opensUrls } from './login-question.ts';
import { isLoginState, withoutAnswers } from './login-state.ts';
import { withChangingTools, withTool } from './mended.ts';
import { unconnectedAnswer } from './unconnected.ts';
import { WaitingListens } from './waiting-listens.ts';

export interface LoginGateOptions extends LoginAnswersOptions {
  readonly era: Peer['era'];
  /** The way to the server; undefined where the caller may be many people, so that no account could be theirs. */
  readonly inner: PeerFactory | undefined;
}

export class LoginGate implements Peer {
  readonly era: Peer['era'];
  readonly #options: LoginGateOptions;
  readonly #events: PeerEvents;
  readonly #inner: Peer | undefined;
  readonly #answers: LoginAnswers;
  readonly #listens = new WaitingListens();
  /** Of a legacy session, as `initialize` said and agreed. */
  #opensUrls = false;
  #version = '';
  #isClosed = false;

  constructor(options: LoginGateOptions, events: PeerEvents) {
    this.era = options.era;
    this.#options = options;
    this.#events = events;
    this.#answers = new LoginAnswers(options);
    this.#inner = options.inner?.(events);
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const call = new GatedCall(message, replies, headers);
    if (message.method === 'initialize') this.#opensUrls = opensUrls(message.params.capabilities);
    if (this.#isForUs(message)) void call.answerWith(() => this.#answers.connect(message, this.era));
    else if (this.#inner === undefined) this.#lacking(call, identityRequired(this.#options.server.name));
    else if (this.era === 'modern' && isLoginState(message.params.requestState)) void this.#again(call, this.#inner);
    else this.#pass(call, this.#inner, message);
    return call;
  }

  send(message: Message): void {
    this.#inner?.send(message);
  }

  /**
   * The caller has an account at the server now: whoever was asked is told, and what waited for that goes on. Called after
   * the way to the server is open again.
   */
  connected(): void {
    if (this.#isClosed) return;
    for (const message of this.#answers.completed()) this.#events.onMessage(message);
    this.#listenAgain();
  }

  /** The caller has no account at the server any more. */
  disconnected(): void {
    if (!this.#isClosed) this.#listenAgain();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const call of this.#listens.clear()) call.fail(new NotSentError('connection', 'The session is closed'));
    await this.#inner?.close();
  }

  #listenAgain(): void {
    const inner = this.#inner;
    if (inner === undefined) return;
    for (const call of this.#listens.release()) this.#pass(call, inner, call.message);
  }

  #isForUs({ method, params }: Message): boolean {
    const { server, known } = this.#options;
    return method === 'tools/call' && server.isPersonal && known.isConnectName(params.name);
  }

  #pass(call: GatedCall, inner: Peer, message: Message): void {
    call.pass(inner, message, {
      onMessage: (said) => (said.method === ACKNOWLEDGED ? this.#acknowledged(call, said) : said),
      onAnswer: (answer) => (this.#listens.outlives(call) ? undefined : this.#mended(call.message, answer)),
      onFailure: (error) => {
        if (error instanceof LoginNeeded) this.#lacking(call, error);
        else call.fail(error);
      },
    });
  }

  #acknowledged(call: GatedCall, said: Message): Message | undefined {
    return this.#options.server.isPersonal ? this.#listens.acknowledgedBy(call, said) : said;
  }

  /** A retry with the answer to a question of ours: it is tried again, as it was at first. */
  async #again(call: GatedCall, inner: Peer): Promise<void> {
    const { message } = call;
    try {
      const state = String(message.params.requestState);
      const verdict = await this.#options.states.verify(state, this.#answers.placeOf(message));
      if (verdict === 'foreign') call.answer(invalidState(message.id as Id));
      else
        this.#pass(
          call,
          inner,
          edited(message, (value) => ({ ...value, params: firstParams(value) })),
        );
    } catch (error) {
      call.fail(error);
    }
  }

  /** The caller lacks an account, or rights. */
  #lacking(call: GatedCall, needed: LoginNeeded): void {
    const { server, known } = this.#options;
    const { message } = call;
    const isNobody = server.isPersonal && NOBODY.has(needed.code);
    if (message.method === 'subscriptions/listen' && this.#inner !== undefined && isNobody) {
      queueMicrotask(() => this.#hold(call, needed));
      return;
    }
    void call.answerWith(async () => {
      const own = unconnectedAnswer(message, { name: server.name, known, era: this.era, isNobody });
      if (own !== undefined) return this.#agreed(message, own);
      const opens = this.era === 'modern' ? envelopeOpensUrls(message) : this.#opensUrls;
      return this.#answers.missing(message, needed, { era: this.era, version: this.#version, opensUrls: opens });
    });
  }

  #hold(call: GatedCall, needed: LoginNeeded): void {
    if (this.#isClosed || !this.#listens.hold(call)) call.fail(needed);
  }

  #mended(request: Message, answer: Message): Message {
    const { server, known } = this.#options;
    const { result } = answer;
    if (request.method === 'initialize' || request.method === 'server/discover') {
      if (result !== undefined) known.learn(result);
      return this.#agreed(request, server.isPersonal ? withChangingTools(answer) : answer);
    }
    if (request.method !== 'tools/list' || !server.isPersonal) return answer;
    if (Array.isArray(result?.tools)) known.see(result.tools);
    if (request.params.cursor !== undefined) return answer;
    return withTool(answer, connectDefinition(server.name, known.connectName), this.era);
  }

  #agreed({ method }: Message, answer: Message): Message {
    const version = answer.result?.protocolVersion;
    if (method === 'initialize' && typeof version === 'string') this.#version = version;
    return answer;
  }
}

/** Codes of those who have no account at the server, so that it has nothing to list for them. */
const NOBODY: ReadonlySet<string> = new Set(['identity_required', 'authorization_required']);

function firstParams({ params }: JsonObject): JsonObject {
  return withoutAnswers(params as JsonObject);
}

function invalidState(id: Id): Message {
  return errorMessage(id, INVALID_PARAMS, 'Invalid or expired requestState', { reason: 'invalid_request_state' });
}
