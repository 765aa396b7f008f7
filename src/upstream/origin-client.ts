/** Requests to the one origin of a server: its connections, the operator's headers, and the token of the person. */
import { type Dispatcher, Pool } from 'undici';
import type { Endpoint } from '../config/model.ts';
import type { Credential } from '../oauth/credential.ts';
import { sendAuthorized } from './authorized.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { StopSignal } from './wire.ts';

export type HttpEndpoint = Extract<Endpoint, { kind: 'http' | 'sse' }>;

export interface OriginRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: string | null;
}

/** The authorization header of one request; empty where the server has no logins. */
export type Bearer = readonly string[];

const NOBODY: Bearer = [];

export class OriginClient {
  readonly #pool: Pool;
  /** What the operator wrote for this server. */
  readonly #configured: readonly string[];
  readonly #credential: Credential | undefined;
  #last: Bearer = NOBODY;

  constructor(endpoint: HttpEndpoint, credential: Credential | undefined, limits: Omit<Pool.Options, 'connect'> = {}) {
    this.#pool = new Pool(endpoint.url.origin, {
      ...limits,
      connect: { timeout: 10_000 },
      // A caller's answer must not wait behind another one on the same connection.
      pipelining: 1,
    });
    this.#credential = credential;
    this.#configured = Object.entries(endpoint.headers)
      // A person's token goes before a credential that the operator wrote for everybody.
      .filter(([name]) => credential === undefined || name.toLowerCase() !== 'authorization')
      .flat();
  }

  /** Runs `send` with the person's token; see `sendAuthorized`. `operation` is what step-ups are remembered by. */
  authorized<R>(operation: string, signal: StopSignal, send: (bearer: Bearer) => Promise<R>): Promise<R> {
    if (this.#credential === undefined) return send(NOBODY);
    return sendAuthorized(this.#credential, operation, signal, (token) => send(this.#bearer(token)));
  }

  /** For what is worth a token, but no second attempt. */
  async sendOnce(request: OriginRequest, handler: HttpExchange): Promise<void> {
    try {
      const token = await this.#credential?.token();
      this.send(request, token === undefined ? NOBODY : this.#bearer(token), handler);
    } catch (error) {
      handler.onResponseError(undefined, error as Error);
    }
  }

  /** With the token that was sent last: for the end of a session, which is worth no renewal. */
  sendLast(request: OriginRequest, handler: HttpExchange): void {
    this.send(request, this.#last, handler);
  }

  send({ method, path, headers, body }: OriginRequest, bearer: Bearer, handler: HttpExchange): void {
    const options: Dispatcher.DispatchOptions = {
      path,
      method,
      headers: [...this.#configured, ...bearer, ...headers],
      body,
      // Our own deadline rules; undici's would cut a long call or a quiet stream.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    try {
      this.#pool.dispatch(options, handler);
    } catch (error) {
      handler.onResponseError(undefined, error as Error);
    }
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  /** RFC 6750 2.1; on every request, also within one session (2025-11-25, Authorization, access token usage). */
  #bearer(token: string): Bearer {
    this.#last = ['authorization', `Bearer ${token}`];
    return this.#last;
  }
}
