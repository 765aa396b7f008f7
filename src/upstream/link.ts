/** A managed connection to one server: connects once for all who wait, comes back with growing pauses, repeats no call. */
import type { ServerConfig } from '../config/model.ts';
import { GatewayError, messageOf } from '../errors.ts';
import type { CallScope } from './call-scope.ts';
import type { CatalogRecord, Tool } from './catalog.ts';
import type { Params } from './jsonrpc.ts';
import type { Log } from './log.ts';
import { negotiate } from './negotiate.ts';
import { Session, type ToolResult } from './session.ts';
import { DEFAULT_TIMINGS, type LinkTimings } from './timings.ts';
import { NotSentError } from './wire.ts';

export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'ready' }
  | { readonly state: 'failed'; readonly reason: string; readonly retryAt: number }
  | { readonly state: 'closed' };

export interface LinkOptions {
  readonly config: ServerConfig;
  readonly log: Log;
  readonly onCatalog?: (record: CatalogRecord) => void;
  readonly onState?: (state: LinkState) => void;
  readonly timings?: LinkTimings;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #timings: LinkTimings;
  #state: LinkState = { state: 'connecting' };
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  #failures = 0;
  #readyAt = 0;
  #attemptedAt = 0;
  #retry: NodeJS.Timeout | undefined;
  #active = 0;
  #onIdle: (() => void) | undefined;
  #refreshing: Promise<void> | undefined;
  #refreshAgain = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#timings = options.timings ?? DEFAULT_TIMINGS;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connects in the background and keeps trying. */
  start(): void {
    this.#connect().catch(() => undefined);
  }

  /** Resolves when the attempt under way has ended, however it did, or after `ms`. */
  async settled(ms: number): Promise<void> {
    if (this.#session === undefined && this.#connecting !== undefined) await settledWithin(this.#connecting, ms);
  }

  /**
   * One tool call. It is sent a second time only when the first certainly reached nobody: the server forgot our
   * session, or the connection was gone before the send.
   */
  async call(tool: Tool, args: Params, scope: CallScope, headers: readonly string[]): Promise<ToolResult> {
    this.#active += 1;
    try {
      const session = this.#session ?? (await this.#available(scope));
      try {
        return await session.call(tool, args, scope, headers);
      } catch (error) {
        if (!(error instanceof NotSentError)) throw error;
        this.#lost(session, error.message);
      }
      const next = await this.#available(scope);
      return await next.call(tool, args, scope, headers);
    } catch (error) {
      throw error instanceof NotSentError ? this.#unavailable(error.message) : error;
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  /** Takes no part in anything new; closes when the calls in flight have ended, or after `ms`. */
  async retire(ms: number): Promise<void> {
    if (this.#active > 0) {
      await settledWithin(new Promise<void>((resolve) => (this.#onIdle = resolve)), ms);
    }
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#state.state === 'closed') return;
    this.#setState({ state: 'closed' });
    clearTimeout(this.#retry);
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
    await this.#connecting?.catch(() => undefined);
  }

  #connect(): Promise<Session> {
    if (this.#state.state === 'closed') return Promise.reject(new NotSentError('connection', 'The server was removed'));
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(): Promise<Session> {
    clearTimeout(this.#retry);
    this.#attemptedAt = Date.now();
    this.#setState({ state: 'connecting' });
    try {
      const session = await this.#establish(AbortSignal.timeout(this.#timings.connectMs));
      if (this.#isClosed()) {
        await session.close();
        throw new NotSentError('connection', 'The server was removed');
      }
      this.#readyAt = Date.now();
      this.#session = session;
      this.#setState({ state: 'ready' });
      session.watchTools();
      return session;
    } catch (error) {
      if (!this.#isClosed()) this.#failed(reasonOf(error));
      throw error;
    }
  }

  async #establish(signal: AbortSignal): Promise<Session> {
    const { config, log, onCatalog } = this.#options;
    let session: Session | undefined;
    let closedEarly: string | undefined;
    const events = {
      onNotification: (method: string) => {
        if (method === 'notifications/tools/list_changed' && session !== undefined) this.#refresh(session);
      },
      onClosed: (reason: string) => {
        closedEarly = reason;
        if (session !== undefined) this.#lost(session, reason);
      },
    };
    session = new Session(await negotiate(config.endpoint, config.protocolVersion, events, log, signal));
    try {
      const tools = await session.listTools(signal);
      if (closedEarly !== undefined) throw new NotSentError('connection', closedEarly);
      onCatalog?.({ info: session.info, tools });
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** A live session, connecting if need be; gives up after a while so that no caller hangs on a dead server. */
  async #available(scope: CallScope): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const { state } = this;
    // A crash-looping child must not be restarted by every call.
    if (state.state === 'failed' && Date.now() - this.#attemptedAt < this.#timings.minGapMs) {
      throw this.#unavailable(state.reason);
    }
    const connecting = this.#connect();
    const outcome = await settledWithin(connecting, this.#timings.patienceMs, scope.signal);
    if (scope.signal.aborted) throw scope.signal.reason;
    if (outcome === 'ready' && this.#session !== undefined) return this.#session;
    throw this.#unavailable(this.#state.state === 'failed' ? this.#state.reason : 'still connecting');
  }

  #lost(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    void session.close();
    if (this.#isClosed()) return;
    // One that lived for a while comes back at once; one that dies again and again has to wait.
    if (Date.now() - this.#readyAt >= this.#timings.stableMs) this.#failures = 0;
    this.#failed(reason);
  }

  #failed(reason: string): void {
    const base = Math.min(this.#timings.firstRetryMs * 2 ** this.#failures, this.#timings.longestRetryMs);
    const pause = base * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.#setState({ state: 'failed', reason, retryAt: Date.now() + pause });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), pause);
    this.#retry.unref();
  }

  /** Reads the tool list anew; while that runs, further announcements are taken together. */
  #refresh(session: Session): void {
    if (this.#refreshing !== undefined) {
      this.#refreshAgain = true;
      return;
    }
    this.#refreshing = this.#readTools(session).finally(() => {
      this.#refreshing = undefined;
      if (!this.#refreshAgain) return;
      this.#refreshAgain = false;
      this.#refresh(session);
    });
  }

  async #readTools(session: Session): Promise<void> {
    try {
      const tools = await session.listTools(AbortSignal.timeout(this.#timings.connectMs));
      if (this.#session === session) this.#options.onCatalog?.({ info: session.info, tools });
    } catch (error) {
      this.#options.log.warn({ reason: reasonOf(error) }, 'the changed tool list could not be read');
    }
  }

  #unavailable(reason: string): GatewayError {
    const { state } = this;
    const seconds = state.state === 'failed' ? Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000)) : 5;
    const message = `The server "${this.#options.config.name}" is not available right now; latchkey keeps trying.`;
    return new GatewayError('server_unavailable', 503, message, {
      detail: { message },
      privateDetail: reason,
      headers: { 'retry-after': String(seconds) },
    });
  }

  #isClosed(): boolean {
    return this.#state.state === 'closed';
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

/** What went wrong, in the words that help most. */
export function reasonOf(error: unknown): string {
  if (error instanceof GatewayError && typeof error.privateDetail === 'string' && error.privateDetail !== '') {
    return error.code === 'connection_lost' ? error.privateDetail : `${error.message} ${error.privateDetail}`;
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time while connecting';
  return messageOf(error);
}

/** `ready` once the promise fulfils, `failed` once it rejects, `waiting` if neither happened within `ms` or before the abort. */
function settledWithin(
  promise: Promise<unknown>,
  ms: number,
  signal?: AbortSignal,
): Promise<'ready' | 'failed' | 'waiting'> {
  return new Promise((resolve) => {
    const finish = (outcome: 'ready' | 'failed' | 'waiting'): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const onAbort = (): void => finish('waiting');
    const timer = setTimeout(() => finish('waiting'), ms);
    signal?.addEventListener('abort', onAbort);
    promise.then(
      () => finish('ready'),
      () => finish('failed'),
    );
  });
}
