/** Sees to it that servers with one login for all callers get it: one login at a time, and nothing waits for it. */
import type { Gateway } from '../../gateway.ts';
import type { Log } from '../../log-sink.ts';
import { type ConnectionStatus, type ProtectedServer, SHARED_OWNER } from '../../oauth/model.ts';
import type { Server, ServerState } from '../../upstream/server.ts';
import { failed } from './callback.ts';
import { SingleLogin } from './login.ts';
import { findMcpoLogin } from './mcpo-files.ts';
import { disconnected, loginNeeded, type Notice } from './notices.ts';
import type { Surroundings } from './surroundings.ts';

export interface SingleUserOptions {
  readonly gateway: Gateway;
  /** Where people reach the gateway, root path included, without a trailing slash. */
  readonly publicBase: string;
  readonly log: Log;
  readonly tell: (notice: Notice) => void;
  readonly surroundings: Surroundings;
  /** The home folder, where mcpo kept its logins; undefined: not looked for. */
  readonly home?: string | undefined;
  /** How long somebody may take for one login, in milliseconds; default: as long as it can be finished. */
  readonly waitMs?: number;
  /** Until mcpo's login is tried again, in milliseconds, doubled each time; default: 10,000. */
  readonly retryMs?: number;
}

/** A server that takes its own tokens back at once must not open one browser window after the other. */
const BROWSER_GAP_MS = 10 * 60_000;
/** Between two tries to learn where the tokens of mcpo belong. */
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 10 * 60_000;

export class SingleUserLogins {
  readonly #options: SingleUserOptions;
  /** Servers that a login was offered for since they were ready last; aborted when it is no longer needed. */
  readonly #offers = new Map<Server, AbortController>();
  readonly #wereReady = new WeakSet<Server>();
  /** Servers that were connected anew with a login that there is, and were not ready since. */
  readonly #reconnected = new WeakSet<Server>();
  /** When a browser was opened last, by name, in milliseconds since 1970. */
  readonly #openedAt = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();
  #login: SingleLogin | undefined;
  #closed = false;

  /** To be made once the gateway can be reached; what happened to its servers before is looked up. */
  constructor(options: SingleUserOptions) {
    this.#options = options;
    for (const server of options.gateway.servers.values()) this.state(server, server.state);
  }

  /** To be called with each change of a server's state. */
  state(server: Server, { state }: ServerState): void {
    if (server.isPersonal || server.guarded === undefined || this.#closed) return;
    if (state === 'ready') {
      this.#wereReady.add(server);
      this.#reconnected.delete(server);
    }
    if (state === 'ready' || state === 'closed') {
      this.#endOffer(server);
      if (state === 'closed' && this.#login?.server === server) void this.#login.close();
    } else if (state === 'needs-login' && !this.#offers.has(server)) {
      const offer = new AbortController();
      this.#offers.set(server, offer);
      void this.#offer(server, server.guarded, offer.signal);
    }
  }

  /** Ends what is under way; whoever is still at a browser finds nobody. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const offer of this.#offers.values()) offer.abort();
    await this.#login?.close();
  }

  async #offer(server: Server, guarded: ProtectedServer, signal: AbortSignal): Promise<void> {
    const { gateway, surroundings, tell } = this.#options;
    const address = gateway.authorizeUrl(server.name);
    const status = await this.#status(guarded);
    if (this.#connectAnew(server, status)) return;
    if (this.#wereReady.has(server) && status?.state === 'needs-login') {
      // Not by itself: somebody wanted it so.
      return tell(disconnected(server.name, address));
    }
    if ((await this.#takeOver(server, guarded, signal)) || signal.aborted) return;
    tell(loginNeeded(server.name, address));
    const mayOpen = guarded.oauth.openBrowser && surroundings.hasBrowser;
    if (!mayOpen && !surroundings.hasReader) return;
    this.#turn = this.#turn.then(() => this.#takeTurn(server, guarded, signal));
  }

  /** Never rejects, so that the others have their turns. */
  async #takeTurn(server: Server, guarded: ProtectedServer, signal: AbortSignal): Promise<void> {
    const { gateway, publicBase, surroundings, tell, waitMs } = this.#options;
    if (signal.aborted) return;
    if (this.#connectAnew(server, await this.#status(guarded))) return;
    await this.#login?.close();
    if (signal.aborted) return;
    const opensBrowser = guarded.oauth.openBrowser && surroundings.hasBrowser && this.#mayOpenAgain(server.name);
    const wait = waitMs === undefined ? {} : { waitMs };
    const place = { gateway, publicBase, server, guarded };
    this.#login = new SingleLogin({ ...place, surroundings, opensBrowser, tell, signal, ...wait });
    await this.#login.run();
  }

  /**
   * Connects where a login was made elsewhere: in another process of the same store, or in place of an older one. Once,
   * because what is refused again needs a person. True when it does.
   */
  #connectAnew(server: Server, status: ConnectionStatus | undefined): boolean {
    const isMade = status?.state === 'connected' && status.wantedScope === undefined;
    if (!isMade || this.#reconnected.has(server)) return false;
    this.#reconnected.add(server);
    this.#endOffer(server);
    void this.#options.gateway.loggedIn(server, SHARED_OWNER);
    return true;
  }

  #endOffer(server: Server): void {
    this.#offers.get(server)?.abort();
    this.#offers.delete(server);
  }

  #mayOpenAgain(name: string): boolean {
    const now = Date.now();
    if (now - (this.#openedAt.get(name) ?? Number.NEGATIVE_INFINITY) < BROWSER_GAP_MS) return false;
    this.#openedAt.set(name, now);
    return true;
  }

  /** True where mcpo has left a login that is now ours; then the server connects with it. Never rejects. */
  async #takeOver(
    server: Server,
    guarded: ProtectedServer,
    signal: AbortSignal,
    retryMs = this.#options.retryMs ?? FIRST_RETRY_MS,
  ): Promise<boolean> {
    const { gateway, log, home } = this.#options;
    // A server whose tokens are never written has none that mcpo wrote.
    if (home === undefined || home === '' || guarded.oauth.storage === 'memory') return false;
    const login = await findMcpoLogin(server.name, home);
    if (login === undefined) return false;
    try {
      if (!(await gateway.logins.adopt(guarded, login))) return false;
    } catch (error) {
      log.warn(
        { server: server.name, reason: failed(error).message },
        'the login that mcpo left is not taken over yet',
      );
      this.#retryTakeOver(server, guarded, signal, retryMs);
      return false;
    }
    log.info({ server: server.name }, 'took over the login that mcpo left; its files stay as they are');
    // Where it turns out to be of no use, an ordinary login follows.
    this.#endOffer(server);
    await gateway.loggedIn(server, SHARED_OWNER);
    return true;
  }

  #retryTakeOver(server: Server, guarded: ProtectedServer, signal: AbortSignal, retryMs: number): void {
    if (signal.aborted) return;
    const next = Math.min(2 * retryMs, LONGEST_RETRY_MS);
    const timer = setTimeout(() => void this.#takeOver(server, guarded, signal, next), retryMs).unref();
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  /** Undefined: the store does not tell. */
  async #status(guarded: ProtectedServer): Promise<ConnectionStatus | undefined> {
    try {
      return await this.#options.gateway.logins.status(guarded, SHARED_OWNER);
    } catch (error) {
      this.#options.log.warn({ server: guarded.name, reason: failed(error).message }, 'a login could not be looked up');
      return undefined;
    }
  }
}
