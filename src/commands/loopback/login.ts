/** One login at a single-user server, from its beginning until it was made, has failed, or nobody came. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../gateway.ts';
import { digest, matchesDigest } from '../../identity/compare.ts';
import { FLOW_MS } from '../../oauth/flow.ts';
import { type ProtectedServer, SHARED_OWNER } from '../../oauth/model.ts';
import type { Server } from '../../upstream/server.ts';
import { type Finish, failed, type Outcome, pastedAnswer } from './callback.ts';
import { CallbackListener } from './callback-listener.ts';
import {
  authorizationAddress,
  browserOpened,
  loginFailed,
  loginUnfinished,
  type Notice,
  notAnAnswer,
  portRefused,
} from './notices.ts';
import { readLines } from './paste.ts';
import type { Surroundings } from './surroundings.ts';

export interface SingleLoginOptions {
  readonly gateway: Gateway;
  readonly publicBase: string;
  readonly server: Server;
  readonly guarded: ProtectedServer;
  readonly surroundings: Surroundings;
  /** Whether the browser of this machine is to be opened. */
  readonly opensBrowser: boolean;
  readonly tell: (notice: Notice) => void;
  /** Ends the waiting: the login was made elsewhere, the server has gone, or we go. */
  readonly signal: AbortSignal;
  /** How long somebody may take, in milliseconds; default: as long as a login can be finished. */
  readonly waitMs?: number;
}

export class SingleLogin {
  readonly #options: SingleLoginOptions;
  /** Where any browser begins a login, also when this one is over. */
  readonly #address: string;
  readonly #answered = new AbortController();
  #listener: CallbackListener | undefined;
  #listenerEnd: NodeJS.Timeout | undefined;
  /** Digest of the `state` that the answer has to carry; undefined: no answer is expected here. */
  #state: Buffer | undefined;

  constructor(options: SingleLoginOptions) {
    this.#options = options;
    this.#address = options.gateway.authorizeUrl(options.server.name);
  }

  get server(): Server {
    return this.#options.server;
  }

  /** Resolves when the next login may have its turn. Never rejects. */
  async run(): Promise<void> {
    const { server, signal, tell } = this.#options;
    const over = AbortSignal.any([signal, this.#answered.signal]);
    try {
      await this.#begin();
    } catch (error) {
      await this.close();
      if (!over.aborted) this.#tellFailure(failed(error));
      return;
    }
    const stopReading = this.#readPasted(over);
    const isLate = await sleep(this.#waitMs, true, { signal: over, ref: false }).catch(() => false);
    stopReading?.();
    if (isLate) tell(loginUnfinished(server.name, this.#address));
  }

  /**
   * Frees the callback port. After a login that was made elsewhere it stays open until then: whoever is still on the
   * pages of the authorization server comes back to a page of ours.
   */
  async close(): Promise<void> {
    clearTimeout(this.#listenerEnd);
    await this.#listener?.close();
  }

  get #waitMs(): number {
    return this.#options.waitMs ?? FLOW_MS;
  }

  async #begin(): Promise<void> {
    const { gateway, server, guarded, surroundings, opensBrowser, tell } = this.#options;
    const redirectUri = await this.#openPort();
    // At our own address the login is bound to the browser that opens it, which is better.
    if (redirectUri === undefined && opensBrowser) this.#openBrowser(new URL(this.#address));
    if (redirectUri === undefined && !surroundings.hasReader) return;
    const callback = redirectUri === undefined ? {} : { redirectUri };
    const { url } = await gateway.logins.begin(guarded, SHARED_OWNER, { bound: false, returnTo: '/', ...callback });
    this.#state = digest(url.searchParams.get('state') ?? '');
    if (surroundings.hasReader) tell(authorizationAddress(server.name, url, surroundings.typing() !== undefined));
    if (redirectUri !== undefined && opensBrowser) this.#openBrowser(url);
  }

  /** The redirect URI on the configured port; undefined: none is configured, or it cannot be opened. */
  async #openPort(): Promise<string | undefined> {
    const { publicBase, server, guarded, tell } = this.#options;
    const { callbackPort: port } = guarded.oauth;
    if (port === undefined) return undefined;
    try {
      const listening = { port, serverName: server.name, home: `${publicBase}/`, finish: this.#finish };
      this.#listener = await CallbackListener.open(listening);
    } catch (error) {
      tell(portRefused(server.name, port, this.#address, String((error as NodeJS.ErrnoException).code)));
      return undefined;
    }
    this.#listenerEnd = setTimeout(() => void this.close(), this.#waitMs).unref();
    return `http://localhost:${port}/callback`;
  }

  /** What cannot be opened need not be: the address is told in any case. */
  #openBrowser(url: URL): void {
    const { server, surroundings, tell, signal } = this.#options;
    if (signal.aborted) return;
    tell(browserOpened(server.name));
    surroundings.openBrowser(url).catch(() => undefined);
  }

  /** Takes the answer to this login once; all others change nothing, so that nobody can end it from outside. */
  #finish: Finish = async (query) => {
    const [state = '', ...more] = query.getAll('state');
    if (this.#state === undefined || more.length > 0 || !matchesDigest(state, this.#state)) return { kind: 'foreign' };
    this.#state = undefined;
    const { gateway, server, guarded } = this.#options;
    try {
      await gateway.logins.complete({ server: guarded, query, cookies: {}, owner: SHARED_OWNER });
      await gateway.loggedIn(server, SHARED_OWNER);
      return { kind: 'done' };
    } catch (error) {
      const outcome = failed(error);
      this.#tellFailure(outcome);
      return outcome;
    } finally {
      this.#answered.abort();
    }
  };

  #readPasted(over: AbortSignal): (() => void) | undefined {
    const { surroundings } = this.#options;
    const input = surroundings.hasReader && this.#state !== undefined ? surroundings.typing() : undefined;
    if (input === undefined || over.aborted) return undefined;
    return readLines(input, (line) => void this.#pasted(line));
  }

  async #pasted(line: string): Promise<void> {
    const query = pastedAnswer(line);
    const outcome = query === undefined ? undefined : await this.#finish(query);
    if (outcome === undefined || outcome.kind === 'foreign') this.#options.tell(notAnAnswer(this.#options.server.name));
    else await this.close();
  }

  #tellFailure({ message, remedy }: Extract<Outcome, { kind: 'failed' }>): void {
    this.#options.tell(loginFailed(this.#options.server.name, this.#address, message, remedy));
  }
}
