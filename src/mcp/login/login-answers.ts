/** What one caller is told about a login at one server: by our own tool, and where a call lacks one. */
import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import type { Principal } from '../../identity/principal.ts';
import type { Log } from '../../log-sink.ts';
import { LoginNeeded } from '../../oauth/errors.ts';
import { noCode } from '../../oauth/hand-off-failures.ts';
import type { Owner } from '../../oauth/model.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { type Message, notificationMessage } from '../../upstream/peer/message.ts';
import type { Server } from '../../upstream/server.ts';
import { CONNECT_ARGUMENTS, codeIn, connectAnswer } from './connect.ts';
import type { KnownServer } from './known-server.ts';
import { type LinkReader, loginLinkTo } from './link.ts';
import {
  type Client,
  elicitationRequired,
  inputRequired,
  textResult,
  toldInWords,
  urlOf,
  wayFor,
} from './login-question.ts';
import type { LoginStates, StatePlace } from './login-state.ts';

/** Who calls, as this very server knows its callers. */
export interface GateCaller {
  readonly principal: Principal;
  /** True where the caller is a browser with a session of ours. */
  readonly hasBrowser: boolean;
}

export interface LoginAnswersOptions {
  readonly gateway: Gateway;
  readonly server: Server;
  readonly caller: GateCaller;
  /** Of all callers of this server. */
  readonly known: KnownServer;
  readonly states: LoginStates;
  /** How callers can say who they are: a sentence, or nothing. */
  readonly howToName: string;
  readonly log: Log;
}

/** One link is one question; of a person five are live. */
const MOST_QUESTIONS = 8;

export class LoginAnswers {
  readonly #options: LoginAnswersOptions;
  /** The ids of questions that wait for their login, by the address that they name. */
  readonly #questions = new Map<string, string>();

  constructor(options: LoginAnswersOptions) {
    this.#options = options;
  }

  /** The answer of our own tool. Never rejects but for what nobody foresaw. */
  async connect(message: Message, era: Client['era']): Promise<Message> {
    const id = message.id as Id;
    try {
      return textResult(id, era, await this.#connected(message.params.arguments), false);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const told = error instanceof LoginNeeded ? await this.#told(error) : error;
      return textResult(id, era, told.message, true);
    }
  }

  /** The answer to a request that `needed` kept from being answered. */
  async missing(message: Message, needed: LoginNeeded, client: Client): Promise<Message> {
    const id = message.id as Id;
    const told = await this.#told(needed);
    switch (wayFor(client, message, told)) {
      case 'error':
        return elicitationRequired(id, told, this.#questionOf(urlOf(told) ?? ''));
      case 'round':
        return inputRequired(id, told, await this.#options.states.issue(this.placeOf(message)));
      case 'text':
        return toldInWords(id, client.era, message, told);
    }
  }

  /** What a state that the caller brings with `message` has to be bound to. */
  placeOf(message: Message): StatePlace {
    const { caller, server } = this.#options;
    return { principalId: caller.principal.id, server: `${server.name}\n${server.guarded?.url.href}`, message };
  }

  /** `notifications/elicitation/complete` for all that was asked (2025-11-25); from then on nothing is asked. */
  completed(): Message[] {
    const ids = [...this.#questions.values()];
    this.#questions.clear();
    return ids.map((elicitationId) => notificationMessage('notifications/elicitation/complete', { elicitationId }));
  }

  #connected(args: unknown): Promise<string> {
    const { gateway, server, howToName } = this.#options;
    const checked = CONNECT_ARGUMENTS.check(args);
    if (!checked.ok) throw noCode(server.name);
    const code = codeIn(checked.value);
    return connectAnswer(gateway, { server, owner: this.#owner, code, reader: this.#reader, howToName });
  }

  async #told(needed: LoginNeeded): Promise<GatewayError> {
    const { gateway, server, howToName } = this.#options;
    return needed.told({ ...(await loginLinkTo(gateway, server, this.#reader)), howToName });
  }

  /** Whoever asks again soon gets the same link, and then it is the same question. */
  #questionOf(url: string): string {
    const id = this.#questions.get(url) ?? randomUUID();
    this.#questions.delete(url);
    this.#questions.set(url, id);
    const [oldest] = this.#questions.keys();
    if (oldest !== undefined && this.#questions.size > MOST_QUESTIONS) this.#questions.delete(oldest);
    return id;
  }

  get #owner(): Owner | undefined {
    const { gateway, server, caller } = this.#options;
    return gateway.ownerOf(server, caller.principal);
  }

  get #reader(): LinkReader {
    const { caller, known, log } = this.#options;
    return { ...caller, operation: known.connectName, log };
  }
}
