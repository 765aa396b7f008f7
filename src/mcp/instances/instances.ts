/** The sessions of callers who speak no MCP: one for each principal, session id and server, never given up for a newcomer. */
import type { SessionLimits } from '../../config/model.ts';
import type { GatewayEvent } from '../../gateway.ts';
import { identityRequired } from '../../oauth/errors.ts';
import type { ChildSlot } from '../../upstream/child-slots.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Server } from '../../upstream/server.ts';
import { DRAIN_MS } from '../../upstream/timings.ts';
import { UnderWay, UnderWaySet } from '../../upstream/under-way.ts';
import { NotSentError } from '../../upstream/wire.ts';
import type { Share } from '../budget.ts';
import type { McpCaller } from '../caller.ts';
import type { LineHost } from '../lines/line-host.ts';
import { checkServed, ending } from '../served.ts';
import { notReached } from './failures.ts';
import { Instance, type ToolCall } from './instance.ts';

export interface InstancesOptions {
  readonly host: LineHost;
  readonly limits: Pick<SessionLimits, 'idleMs' | 'startMs'>;
  /** What the requests and answers of a caller count for. */
  readonly room: (caller: McpCaller, server: Server) => Share;
}

/** Whose session, and which. */
export interface SessionCall extends ToolCall {
  readonly server: Server;
  readonly caller: McpCaller;
  /** Chosen by the caller: any text. */
  readonly sessionId: string;
}

interface Held {
  readonly instance: Instance;
  readonly principalId: string;
  readonly sessionId: string;
  readonly server: string;
  /** Whose grant it uses. */
  readonly owner: string;
}

/** How long calls may go on when the gateway ends: shorter than what is left to all of it. */
const LAST_MS = 4_000;
/** Until somebody may have ended a session, where none rests. */
const RETRY_SECONDS = 30;
const MOST_RETRY_SECONDS = 600;

export class Instances {
  readonly #options: InstancesOptions;
  /** Those that take calls. */
  readonly #current = new UnderWay<string, Held>();
  /** Those of which something is left. */
  readonly #all = new UnderWaySet<Held>();
  #isClosed = false;

  constructor(options: InstancesOptions) {
    this.#options = options;
    options.host.gateway.onEvent((event) => this.#changed(event));
  }

  /** How many there are, with those that are being ended. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * The answer to a tool call in the caller's session of that id with that server, which its first call begins. Rejects with
   * 404 and 503 where the server is not served any more, with 429 and 503 where there are too many, with `identity_required`
   * where the caller could have no account there, and as `Instance.call`. A call that may have run is never repeated.
   */
  async call(call: SessionCall): Promise<Message> {
    const { instance } = this.#find(call);
    try {
      return await instance.call(call);
    } catch (error) {
      if (!(error instanceof NotSentError)) throw error;
      // It has ended a moment ago; its process must not take the room that the next one needs.
      void instance.leave(DRAIN_MS);
      if (instance.restsSince !== undefined) await instance.close();
    }
    return await this.#find(call)
      .instance.call(call)
      .catch((error: unknown) => {
        throw notReached(call.server, error);
      });
  }

  /** Ends the sessions of that id that this principal has, at all servers; false: there is none. */
  async end(principalId: string, sessionId: string): Promise<boolean> {
    const found = this.#current
      .all()
      .filter((held) => held.principalId === principalId && held.sessionId === sessionId);
    await Promise.all(found.map(({ instance }) => instance.close()));
    return found.length > 0;
  }

  /** Takes no more calls; resolves once those under way are over, or were ended, and nothing is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#all.all().map(({ instance }) => instance.leave(LAST_MS)));
  }

  #find(call: SessionCall): Held {
    if (this.#isClosed) throw ending();
    const { server, caller, sessionId } = call;
    checkServed(this.#options.host.gateway, server);
    // Whoever learns somebody's id gets a session of their own.
    const key = JSON.stringify([caller.principal.id, sessionId, server.name, server.config.hash]);
    return this.#current.get(key) ?? this.#begin(key, call);
  }

  /** Throws before anything is started. */
  #begin(key: string, { server, caller, sessionId }: SessionCall): Held {
    const { host, limits, room } = this.#options;
    const owner = host.gateway.ownerOf(server, caller.principal);
    if (owner === undefined) throw identityRequired(server.name);
    const slot = this.#slot(caller.principal.id);
    const instance = new Instance({
      host,
      server,
      caller,
      owner,
      limits,
      room: room(caller, server),
      onOver: () => this.#current.take(key),
      onGone: () => {
        slot.release();
        this.#all.remove(number);
      },
    });
    const held = { instance, principalId: caller.principal.id, sessionId, server: server.name, owner };
    const number = this.#all.add(held);
    this.#current.set(key, held);
    return held;
  }

  /** Whoever nobody knows counts as one: anybody could be them. */
  #slot(principalId: string): ChildSlot {
    const { children } = this.#options.host;
    return children.take(principalId, { isOne: true, retrySeconds: () => this.#retrySeconds(principalId) });
  }

  /** Until the session of this principal ends that has rested longest. */
  #retrySeconds(principalId: string): number {
    const own = this.#current.all().filter((held) => held.principalId === principalId);
    const rests = own.flatMap(({ instance }) => instance.restsSince ?? []);
    if (rests.length === 0) return RETRY_SECONDS;
    const left = Math.min(...rests) + this.#options.limits.idleMs - Date.now();
    return Math.min(Math.max(1, Math.ceil(left / 1000)), MOST_RETRY_SECONDS);
  }

  #changed(event: GatewayEvent): void {
    const isConcerned = (held: Held): boolean =>
      event.kind === 'login'
        ? held.server === event.server && held.owner === event.owner
        : event.changed.includes(held.server) || event.removed.includes(held.server);
    for (const held of this.#current.all()) if (isConcerned(held)) void held.instance.leave(DRAIN_MS);
  }
}
