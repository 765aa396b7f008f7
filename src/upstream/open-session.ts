/** One attempt to reach a server: connects, agrees on a revision, and lists the tools. */
import type { ServerConfig } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import type { CatalogRecord } from './catalog.ts';
import { negotiate } from './negotiate.ts';
import { Session } from './session.ts';
import { NotSentError, type WireEvents } from './wire.ts';

export interface SessionEvents {
  /** The tool list has changed, or may have while nobody listened. */
  onToolsChanged(): void;
  /** The session is of no use any more; not called before `openSession` has resolved. */
  onLost(session: Session, reason: string): void;
}

export interface Opened {
  readonly session: Session;
  readonly record: CatalogRecord;
}

/** Resolves with a session whose tools are known; leaves nothing open when it fails or `signal` aborts. */
export async function openSession(
  config: ServerConfig,
  log: Log,
  events: SessionEvents,
  signal: AbortSignal,
  credential?: Credential,
): Promise<Opened> {
  const watch = new Watch(events);
  const session = new Session(await negotiate(config.endpoint, config.protocolVersion, watch, log, signal, credential));
  try {
    const tools = await session.listTools(signal);
    watch.opened(session);
    return { session, record: { info: session.info, tools } };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Passes on what the wire tells, and remembers an end that comes before the session is open. */
class Watch implements WireEvents {
  readonly #events: SessionEvents;
  #session: Session | undefined;
  #closed: string | undefined;
  #subscriptions = 0;

  constructor(events: SessionEvents) {
    this.#events = events;
  }

  /** Throws when the wire has closed meanwhile. */
  opened(session: Session): void {
    if (this.#closed !== undefined) throw new NotSentError('connection', this.#closed);
    this.#session = session;
  }

  onNotification(method: string): void {
    if (method === 'notifications/tools/list_changed') this.#events.onToolsChanged();
    if (method !== 'notifications/subscriptions/acknowledged') return;
    this.#subscriptions += 1;
    if (this.#subscriptions > 1) this.#events.onToolsChanged();
  }

  onReopened(): void {
    this.#events.onToolsChanged();
  }

  onClosed(reason: string): void {
    this.#closed = reason;
    if (this.#session !== undefined) this.#events.onLost(this.#session, reason);
  }
}
