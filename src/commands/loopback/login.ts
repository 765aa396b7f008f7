/** One login at a single-user server, from its beginning until it was made, has failed, or nobody came. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../gateway.ts';
import { FLOW_MS } from '../../oauth/flow.ts';
import { type ProtectedServer, SHARED_OWNER } from '../../oauth/model.ts';
import type { Server } from '../../upstream/server.ts';
import { failed, type Outcome, pastedAnswer } from './callback.ts';
import { CallbackListener } from './callback-listener.ts';
import * as notices from './notices.ts';
import type { Notice } from './notices.ts';
import { readLines } from './paste.ts';
import type { Surroundings } from './surroundings.ts';

export interface LoginOptions {
  readonly gateway: Gateway;
  readonly server: Server;
  readonly guarded: ProtectedServer;
  readonly surroundings: Surroundings;
  /** Whether the browser of this machine is to be opened. */
  readonly opensBrowser: boolean;
  readonly tell: (notice: Notice) => void;
  /** Ends the waiting: the login was made elsewhere, the server has gone, or we go. */
  readonly signal: AbortSignal;
  /** How long somebody may take, in milliseconds; default: as long as the login can be finished. */
  readonly waitMs?: number;
}

export class SingleLogin {
  readonly #options: LoginOptions;
  /** Aborted by the end of this login, whichever it is. */
  readonly #over = new AbortController();
  #listener: CallbackListener | undefined;
  #state: string | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** Resolves when the next login may have its turn. Never rejects. */
  async run(): Promise<void> {
    const { signal, waitMs = FLOW_MS, tell } = this.#options;
    let stopReading: (() => void) | undefined;
    try {
      await this.#begin();
      if (signal.aborted || this.#over.signal.aborted) return;
      stopReading = this.#readPasted();
      const isLate = await sleep(waitMs, true, { signal: AbortSignal.any([signal, this.#over.signal]), ref: false });
      if (isLate) tell(notices.loginUnfinished(this.#name, this.#address));
    } catch (error) {
      if (!signal.aborted && !this.#over.signal.aborted) this.#tellFailure(failed(error));
    } finally {
      stopReading?.();
    }
  }
}
