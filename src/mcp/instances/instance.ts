/** One session with a server for a caller who speaks no MCP: begun by the first call, ended when nobody has called for a while. */
import type { SessionLimits } from '../../config/model.ts';
import type { Owner } from '../../oauth/model.ts';
import { CallScope } from '../../upstream/call-scope.ts';
import { ask } from '../../upstream/peer/ask.ts';
import { type Message, notificationMessage, replyMessage, requestMessage } from '../../upstream/peer/message.ts';
import { type Peer, QUIET } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY } from '../../upstream/protocol.ts';
import type { Server } from '../../upstream/server.ts';
import { StopSource } from '../../upstream/stop-source.ts';
import { settledWithin } from '../../upstream/waiting.ts';
import { badAnswer, connectionLost, type StopSignal } from '../../upstream/wire.ts';
import type { Share } from '../budget.ts';
import type { McpCaller } from '../caller.ts';
import { LegacyTransport } from '../lines/legacy-transport.ts';
import type { LineHost } from '../lines/line-host.ts';
import { Transports } from '../lines/transports.ts';
import { BudgetPeer } from '../wrappers/budget-peer.ts';
import { filtered } from '../wrappers/filter.ts';
import { unlessStopped } from '../wrappers/unless-stopped.ts';
import { notReached, notStartedYet } from './failures.ts';

export interface InstanceOptions {
  readonly host: LineHost;
  readonly server: Server;
  readonly caller: McpCaller;
  /** Whose grant it uses. */
  readonly owner: Owner;
  /** What its requests and answers count for. */
  readonly room: Share;
  readonly limits: Pick<SessionLimits, 'idleMs' | 'startMs'>;
  /** It takes no more calls. */
  readonly onOver: () => void;
  /** Nothing of it is left. */
  readonly onGone: () => void;
}

export interface ToolCall {
  readonly tool: string;
  /** Any JSON; integers beyond 2^53 as bigints. */
  readonly args: unknown;
  /** What of the caller's headers may go on to servers, flat. */
  readonly headers: readonly string[];
  /** Aborted when the caller has gone. */
  readonly left: StopSignal;
}

const INITIALIZE_ID = 0;
const INITIALIZE = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: CLIENT_INFO };

export class Instance {
  readonly #options: InstanceOptions;
  /** Its own alone: of servers without sessions too, nothing is shared with anybody but what is known of them. */
  readonly #transports: Transports;
  readonly #stop = new StopSource();
  readonly #opening: Promise<Peer>;
  /** The same, in words for callers. */
  readonly #opened: Promise<Peer>;
  /** What the server hears, whatever stands between. */
  #server: Peer | undefined;
  /** There once the session has begun. */
  #peer: Peer | undefined;
  #lastId = INITIALIZE_ID;
  #active = 0;
  #restsSince = Date.now();
  /** Ends it because it rests. */
  #rest: NodeJS.Timeout | undefined;
  /** Ends it though calls are under way, once it takes no more of them. */
  #drain: NodeJS.Timeout | undefined;
  #isOver = false;
  #ending: Promise<void> | undefined;
  readonly #gone: Promise<void>;
  #tellGone = (): void => undefined;

  /** Begins to open the session. */
  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#transports = new Transports(options.host.transports.notes);
    this.#gone = new Promise((resolve) => {
      this.#tellGone = resolve;
    });
    this.#opening = this.#open();
    this.#opened = this.#opening.catch(async (error: unknown) => {
      await this.close();
      throw notReached(options.server, error);
    });
    // Nobody may be left who waits for it.
    this.#opened.catch(() => undefined);
  }

  /** Milliseconds since the epoch; undefined while a call is under way. */
  get restsSince(): number | undefined {
    return this.#active === 0 ? this.#restsSince : undefined;
  }

  /**
   * Resolves with the answer of the server, be it a result or an error. Rejects with `NotSentError` where the call certainly
   * reached nobody; with 503 where the session takes too long to begin, which goes on for those who call later; with what
   * keeps it from beginning; with 504 beyond the time limit, `connection_lost`, and the reason of `left`.
   */
  async call(call: ToolCall): Promise<Message> {
    this.#active += 1;
    clearTimeout(this.#rest);
    try {
      return await this.#ask(this.#peer ?? (await this.#begun(call.left)), call);
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#settle();
    }
  }

  /** Takes no more calls; those under way may end, within `ms`. Resolves once nothing of it is left. */
  leave(ms: number): Promise<void> {
    this.#over();
    if (this.#active === 0) return this.close();
    clearTimeout(this.#drain);
    this.#drain = setTimeout(() => void this.close(), ms).unref();
    return this.#gone;
  }

  /** Ends it at once: calls under way fail. Resolves once nothing of it is left. */
  close(): Promise<void> {
    this.#over();
    clearTimeout(this.#drain);
    this.#stop.abort(connectionLost('The session was ended'));
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #open(): Promise<Peer> {
    const { host, server, caller, owner, room } = this.#options;
    const transport = new LegacyTransport(
      { ...host, transports: this.#transports },
      {
        server,
        caller,
        scope: { owner, key: '' },
        stop: this.#stop,
        onPeer: (raw) => {
          this.#server = raw;
        },
      },
    );
    const { peer, answer } = await transport.open(requestMessage(INITIALIZE_ID, 'initialize', INITIALIZE), {
      onMessage: (message) => this.#heard(message),
      onClosed: () => void this.close(),
    });
    if (answer.result === undefined) {
      await peer.close();
      throw badAnswer('The server does not begin a session.', answer.error?.message);
    }
    this.#peer = new BudgetPeer(() => filtered(peer, () => server.config), room, QUIET);
    this.#peer.send(notificationMessage('notifications/initialized'));
    return this.#peer;
  }

  async #begun(left: StopSignal): Promise<Peer> {
    const { server, limits } = this.#options;
    const outcome = await settledWithin(this.#opened, limits.startMs, left);
    if (outcome !== 'waiting' || left.aborted) return await unlessStopped(this.#opened, left);
    throw notStartedYet(server, limits.startMs);
  }

  async #ask(peer: Peer, { tool, args, headers, left }: ToolCall): Promise<Message> {
    if (left.aborted) throw left.reason;
    const scope = new CallScope(this.#options.server.config.timeoutMs);
    left.addEventListener('abort', scope.abandon);
    this.#lastId += 1;
    const params = { name: tool, arguments: args, _meta: { progressToken: this.#lastId } };
    try {
      return await ask(peer, requestMessage(this.#lastId, 'tools/call', params), {
        stop: scope.signal,
        headers,
        onMessage: (said) => {
          if (said.kind === 'notification') scope.progress();
          this.#heard(said);
        },
      });
    } finally {
      left.removeEventListener('abort', scope.abandon);
      scope.end();
    }
  }

  /**
   * Nobody could be asked anything. What the server merely tells has no receiver. It may ping before it has answered
   * `initialize` (2025-11-25, lifecycle, initialization).
   */
  #heard({ kind, id, method }: Message): void {
    if (kind !== 'request' || id === undefined) return;
    this.#server?.send(replyMessage(id, method));
  }

  /** No call is under way any more. */
  #settle(): void {
    this.#restsSince = Date.now();
    if (this.#isOver) void this.close();
    else this.#rest = setTimeout(() => void this.close(), this.#options.limits.idleMs).unref();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#rest);
    this.#options.onOver();
  }

  async #end(): Promise<void> {
    const peer = await this.#opening.catch(() => undefined);
    await peer?.close().catch(() => undefined);
    await this.#transports.close().catch(() => undefined);
    this.#options.onGone();
    this.#tellGone();
  }
}
