/** What the three transports have in common: requests go in, results come out, and nothing is ever sent twice. */
import { GatewayError, messageOf } from '../errors.ts';
import type { Params } from './jsonrpc.ts';
import type { Protocol } from './protocol.ts';

/** The largest message that we take from a server, in bytes. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** As much of an AbortSignal as we need; an AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface SendOptions {
  /** Aborted on time-out or when the caller leaves; its reason is what the request rejects with. */
  readonly signal: StopSignal;
  /** Called for each sign of life; asks the server for progress notifications. */
  readonly onProgress?: (() => void) | undefined;
  /** Extra HTTP headers for this request, flat: name, value, name, value. */
  readonly headers?: readonly string[] | undefined;
}

export interface WireEvents {
  /** A message of the server that answers no request of ours. */
  onNotification(method: string, params: Params): void;
  /** The wire is gone and will carry nothing any more. */
  onClosed(reason: string): void;
  /** The stream for unasked messages was away for a while: some may be lost. */
  onReopened(): void;
}

export interface Wire {
  /** One request; resolves with `result`, rejects with `RpcError`, `NotSentError`, `GatewayError` or the signal's reason. */
  request(method: string, params: Params, options: SendOptions): Promise<unknown>;
  notify(method: string, params?: Params, signal?: AbortSignal): Promise<void>;
  /** Told once, after negotiation. */
  useProtocol(protocol: Protocol): void;
  /** Opens the stream for unasked messages, where the transport needs one. */
  listen(): void;
  close(): Promise<void>;
}

/** The request certainly reached nobody, so it may be sent again on a new connection. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  /** `session`: the server forgot our session; `connection`: there is nobody to talk to. */
  readonly what: 'session' | 'connection';

  constructor(what: 'session' | 'connection', message: string) {
    super(message);
    this.what = what;
  }
}

/** The connection broke after the request went out: it may have run, so nobody may repeat it. */
export function connectionLost(privateDetail: string): GatewayError {
  return new GatewayError('connection_lost', 500, 'Connection closed', {
    detail: { message: 'Connection closed' },
    privateDetail,
  });
}

/** What went wrong, in the words that help most; for logs and for those who may see them. */
export function reasonOf(error: unknown): string {
  if (error instanceof GatewayError && typeof error.privateDetail === 'string' && error.privateDetail !== '') {
    return error.code === 'connection_lost' ? error.privateDetail : `${error.message} ${error.privateDetail}`;
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time';
  return messageOf(error);
}

/** The server cannot take a call now; nothing was sent, so the caller may come again after `seconds`. */
export function unavailable(message: string, seconds: number, privateDetail?: string): GatewayError {
  const headers = { 'retry-after': String(seconds) };
  return new GatewayError('server_unavailable', 503, message, { detail: { message }, privateDetail, headers });
}

export function badAnswer(message: string, privateDetail?: unknown): GatewayError {
  return new GatewayError('bad_upstream_answer', 502, message, { detail: { message }, privateDetail });
}
