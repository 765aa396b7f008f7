/** A managed connection to one server: connects once for all who wait, comes back with growing pauses, repeats no call. */
import type { GatewayError } from '../errors.ts';
import { loginRefusal } from '../oauth/errors.ts';
import type { CallScope } from './call-scope.ts';
import { buildCatalog, type Catalog, type CatalogRecord, type Tool } from './catalog.ts';
import type { Params } from './jsonrpc.ts';
import { LeavingSessions } from './leaving.ts';
import type { LinkOptions } from './link-options.ts';
import { type LinkState, retryAfter } from './link-state.ts';
import { LinkUse } from './link-use.ts';
import { openSession } from './open-session.ts';
import { Pacing } from './pacing.ts';
import type { Session, ToolResult } from './session.ts';
import { DEFAULT_TIMINGS, type LinkTimings } from './timings.ts';
import { ToolList } from './tool-list.ts';
import { settledWithin } from './waiting.ts';
import { NotSentError, reasonOf, unavailable } from './wire.ts';

/** A call is sent once, and once more where the first send certainly reached nobody. */
const MOST_SENDS = 2;
const REMOVED = 'The server was removed';

export class Link {
  readonly #options: LinkOptions;
  readonly #timings: LinkTimings;
  #state: LinkState = { state: 'idle' };
  readonly #tools: ToolList;
  /** What callers are told while a login is needed or cannot be used. */
  #refusal: GatewayError | undefined;
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  readonly #pacing: Pacing;
  #attempt: AbortController | undefined;
  readonly #leaving = new LeavingSessions();
  #closing: Promise<void> | undefined;
  readonly #use: LinkUse;
  #isUntried = true;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#timings = options.timings ?? DEFAULT_TIMINGS;
    this.#pacing = new Pacing(this.#timings);
    this.#use = new LinkUse(options.life === 'on-demand' ? this.#timings.idleMs : undefined, () => this.#rest());
    this.#tools = new ToolList({
      catalogOf: options.catalogOf ?? ((record) => buildCatalog(record, options.config())),
      log: options.log,
      timings: this.#timings,
      session: () => this.#session,
      onCatalog: options.onCatalog,
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The tools as listed last, or as known from an earlier run. */
  get catalog(): Catalog | undefined {
    return this.#tools.catalog;
  }

  /** Why the login at this server cannot be used, if so; says what the caller can do. */
  get refusal(): GatewayError | undefined {
    return this.#refusal;
  }

  /** Takes over a tool list; an unchanged one keeps its compiled checkers. True when it is another one. */
  know(record: CatalogRecord): boolean {
    return this.#tools.know(record);
  }

  /** True until the first attempt to connect has ended, however it did. */
  get isUntried(): boolean {
    return this.#isUntried;
  }

  /** True while a call is in flight. */
  get isBusy(): boolean {
    return this.#use.isBusy;
  }

  /** Connects in the background and keeps trying. */
  start(): void {
    this.#connect().catch(() => undefined);
  }

  /** Starts after a login: what was tried before it does not count, so callers wait for this attempt. */
  startAnew(): void {
    this.#refusal = undefined;
    this.#isUntried = true;
    this.start();
  }

  /** Connects if need be, for who is about to call; resolves when the attempt has ended, however it did, or after `ms`. */
  async connectForCalls(ms: number): Promise<void> {
    if (this.#session === undefined && !this.#isSpared) await this.#connectWithin(ms);
  }

  /** For who wants no more than the tool list: a server that failed is spared longer, one that waits for a login too. */
  async connectForTools(ms: number): Promise<void> {
    const { state } = this;
    const isPaused = state.state === 'failed' && Date.now() < state.retryAt;
    if (this.#session === undefined && state.state !== 'needs-login' && !isPaused) await this.#connectWithin(ms);
  }

  /** An attempt that hangs is waited for once, not by every request anew. */
  async #connectWithin(ms: number): Promise<void> {
    await settledWithin(this.#connect(), Math.max(0, ms - this.#pacing.age));
  }

  /** A server that is down must not be asked anew by every call. */
  get #isSpared(): boolean {
    return this.#state.state === 'failed' && this.#pacing.isTooSoon;
  }

  /** Gives the session up because its login has ended; calls in flight may end. */
  endLogin(refusal: GatewayError): void {
    if (this.#isClosed()) return;
    if (this.#session !== undefined) this.#giveUp(this.#session);
    this.#pacing.stop();
    this.#refusal = refusal;
    this.#setState({ state: 'needs-login' });
  }

  /** Begins nothing; resolves when the attempt under way, if any, has ended, however it did, or after `ms`. */
  async attemptEnded(ms: number): Promise<void> {
    if (this.#session === undefined && this.#connecting !== undefined) await settledWithin(this.#connecting, ms);
  }

  /**
   * One tool call. It is sent a second time only when the first certainly reached nobody: the server forgot our
   * session, or the connection was gone before the send.
   */
  async call(tool: Tool, args: Params, scope: CallScope, headers: readonly string[]): Promise<ToolResult> {
    this.#use.begin();
    try {
      return await this.#send(tool, args, scope, headers);
    } catch (error) {
      throw error instanceof NotSentError ? this.#unavailable(error.message) : error;
    } finally {
      this.#use.end();
    }
  }

  /** Takes no part in anything new; closes when the calls in flight have ended, or after `ms`. */
  async retire(ms: number): Promise<void> {
    await this.#use.ended(ms);
    await this.close();
  }

  /** Ends everything at once, calls in flight and an attempt to connect included. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    this.#setState({ state: 'closed' });
    this.#pacing.stop();
    this.#attempt?.abort(new NotSentError('connection', REMOVED));
    const session = this.#session;
    this.#session = undefined;
    await Promise.all([session?.close(), this.#leaving.close()]);
    await this.#connecting?.catch(() => undefined);
  }

  async #send(tool: Tool, args: Params, scope: CallScope, headers: readonly string[]): Promise<ToolResult> {
    for (let attempt = 1; ; attempt += 1) {
      if (scope.signal.aborted) throw scope.signal.reason;
      const session = this.#session ?? (await this.#available(scope));
      try {
        return await session.call(tool, args, scope, headers);
      } catch (error) {
        if (!(error instanceof NotSentError)) throw error;
        this.#lost(session, error.message);
        if (attempt === MOST_SENDS) throw error;
        // A server that says so is alive, so it need not be spared.
        if (error.what === 'session') this.#pacing.hurry();
      }
    }
  }

  #connect(): Promise<Session> {
    if (this.#isClosed()) return Promise.reject(new NotSentError('connection', REMOVED));
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(): Promise<Session> {
    const { log, credential } = this.#options;
    const attempt = new AbortController();
    const timer = setTimeout(
      () => attempt.abort(new Error('no answer in time while connecting')),
      this.#timings.connectMs,
    );
    this.#attempt = attempt;
    this.#pacing.attempt();
    this.#tools.opening();
    this.#setState({ state: 'connecting' });
    try {
      const events = {
        onToolsChanged: () => this.#tools.refresh(),
        onLost: (lost: Session, reason: string) => this.#lost(lost, reason),
      };
      await this.#options.after?.then(() => attempt.signal.throwIfAborted());
      const { session, record } = await openSession(this.#options.config(), log, events, attempt.signal, credential);
      if (this.#isClosed()) {
        await session.close();
        throw new NotSentError('connection', REMOVED);
      }
      this.#tools.listed(record);
      this.#ready(session);
      return session;
    } catch (error) {
      if (!this.#isClosed()) this.#refused(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #ready(session: Session): void {
    this.#isUntried = false;
    this.#pacing.succeeded();
    this.#session = session;
    this.#refusal = undefined;
    this.#setState({ state: 'ready' });
    session.watchTools();
    this.#tools.opened();
    this.#use.watch();
  }

  /** Nobody has used it for a while. */
  #rest(): void {
    if (this.#session === undefined) return;
    this.#giveUp(this.#session);
    this.#pacing.lost();
    this.#setState({ state: 'idle' });
  }

  /** A live session, connecting if need be; gives up after a while so that no caller hangs on a dead server. */
  async #available(scope: CallScope): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const outcome = this.#isSpared
      ? 'failed'
      : await settledWithin(this.#connect(), this.#timings.patienceMs, scope.signal);
    if (scope.signal.aborted) throw scope.signal.reason;
    if (outcome === 'ready' && this.#session !== undefined) return this.#session;
    if (outcome === 'failed' && this.#refusal !== undefined) throw this.#refusal;
    throw this.#unavailable(this.#state.state === 'failed' ? this.#state.reason : 'still connecting');
  }

  #lost(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#giveUp(session);
    this.#pacing.lost();
    this.#failed(reason);
  }

  #giveUp(session: Session): void {
    this.#session = undefined;
    this.#leaving.add(session);
  }

  /** An attempt that failed: only a person can help where the login was refused. */
  #refused(error: unknown): void {
    this.#refusal = loginRefusal(error);
    if (this.#refusal === undefined || this.#refusal.status >= 500) {
      this.#failed(reasonOf(error));
    } else {
      this.#isUntried = false;
      this.#setState({ state: 'needs-login' });
    }
  }

  #failed(reason: string): void {
    this.#isUntried = false;
    const pause = this.#pacing.failed();
    this.#setState({ state: 'failed', reason, retryAt: Date.now() + pause });
    if (this.#options.life === 'always') this.#pacing.later(pause, () => this.start());
  }

  #unavailable(reason: string): GatewayError {
    const outlook = this.#options.life === 'always' ? 'latchkey keeps trying' : 'try again shortly';
    const message = `The server "${this.#options.config().name}" is not available right now; ${outlook}.`;
    return unavailable(message, retryAfter(this.#state), reason);
  }

  #isClosed(): boolean {
    return this.#state.state === 'closed';
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}
