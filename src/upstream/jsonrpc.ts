/** JSON-RPC 2.0 as MCP uses it: the text of a request, and what a message turns out to be. */
import { GatewayError } from '../errors.ts';
import { stringifyJson } from '../schema/json.ts';
import { isRecord } from '../schema/json-schema.ts';
import { hasMethod, isBearable, unbearable } from './shape.ts';

export type Params = Record<string, unknown>;
export type Id = number | string;

/** An answer that is a JSON-RPC error object. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** JSON-RPC 2.0, section 5.1. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** MCP 2025-11-25, Resources, error handling; 2026-07-28 says invalid params. */
export const RESOURCE_NOT_FOUND = -32002;
/** Of 2026-07-28 alone (Streamable HTTP, error handling); over HTTP each comes with status 400. */
export const HEADER_MISMATCH = -32020;
export const MISSING_CLIENT_CAPABILITY = -32021;
export const UNSUPPORTED_PROTOCOL_VERSION = -32022;

/**
 * With `wantsProgress` the request's own id is the token under which the server may report progress.
 * Throws 422 for arguments that are nested thousands deep, which JSON.parse reads but nothing can write, and 413 for
 * those that are longer than a string can be.
 */
export function requestText(id: number, method: string, params: Params, wantsProgress: boolean): string {
  try {
    const text = wantsProgress ? withProgressToken(params, id) : stringifyJson(params);
    return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${text}}`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw error.message === TOO_LONG ? tooLong() : tooDeep();
  }
}

/** What V8 says of a string beyond its limit; the other RangeError here is an overflow of the stack. */
const TOO_LONG = 'Invalid string length';

function tooLong(): GatewayError {
  return new GatewayError('body_too_large', 413, 'The arguments are too large to be sent to the server.');
}

function tooDeep(): GatewayError {
  const msg = 'The arguments are nested too deeply';
  const problem = { type: 'recursion_loop', loc: ['body'], msg, input: null };
  return new GatewayError('invalid_arguments', 422, msg, { detail: [problem] });
}

/** Put into the text rather than into a copy of the params, since every call comes by here. */
function withProgressToken(params: Params, id: number): string {
  if (params._meta !== undefined) {
    return stringifyJson({ ...params, _meta: { ...(params._meta as Params), progressToken: id } });
  }
  const text = stringifyJson(params);
  const comma = text === '{}' ? '' : ',';
  return `${text.slice(0, -1)}${comma}"_meta":{"progressToken":${id}}}`;
}

export function notificationText(method: string, params?: Params): string {
  return JSON.stringify(params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params });
}

/** What we answer when a server asks us something: `ping` is granted, all else is a capability that we did not declare. */
export function replyTo(id: Id, method: string): Params {
  const body =
    method === 'ping' ? { result: {} } : { error: { code: METHOD_NOT_FOUND, message: `${method} is not supported` } };
  return { jsonrpc: '2.0', id, ...body };
}

export function replyText(id: Id, method: string): string {
  return JSON.stringify(replyTo(id, method));
}

export type Incoming =
  | { readonly kind: 'result'; readonly id: Id; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: Id | undefined; readonly error: RpcError | GatewayError }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Params }
  | { readonly kind: 'request'; readonly id: Id; readonly method: string }
  | { readonly kind: 'invalid'; readonly id: Id | undefined };

function idOf(value: unknown): Id | undefined {
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** Sorts one parsed message; a message that is no JSON-RPC comes back as `invalid`, never as an exception. */
export function classify(message: unknown): Incoming {
  if (!isRecord(message)) return { kind: 'invalid', id: undefined };
  const id = idOf(message.id);
  const method = message.method;
  if (typeof method === 'string') {
    if (id !== undefined) return { kind: 'request', id, method };
    return { kind: 'notification', method, params: isRecord(message.params) ? message.params : {} };
  }
  if (isRecord(message.error)) return { kind: 'error', id, error: toRpcError(message.error) };
  if (id !== undefined && Object.hasOwn(message, 'result')) return { kind: 'result', id, result: message.result };
  return { kind: 'invalid', id };
}

/** A server answers one request at a time, or a few; what stands behind so many in one batch is noise. */
const MOST_IN_BATCH = 1_000;

/**
 * One message, or those of a batch (2025-03-26, JSON-RPC batching). One level only: a server must not send us down an
 * endless staircase.
 */
export function messagesOf(parsed: unknown): readonly unknown[] {
  return Array.isArray(parsed) ? parsed.slice(0, MOST_IN_BATCH) : [parsed];
}

/** What stands for an answer that is not bearable: as we tell of failures. Belongs to no request, for nobody reads its id. */
export const UNBEARABLE_ANSWER = JSON.stringify({
  jsonrpc: '2.0',
  error: { code: INTERNAL_ERROR, message: unbearable().message, data: { error: 'bad_upstream_answer' } },
});

/** The text, or in place of one that is not bearable: `UNBEARABLE_ANSWER` for an answer, nothing for all else. */
export function bearable(text: string): string {
  if (isBearable(text)) return text;
  return hasMethod(text) ? '' : UNBEARABLE_ANSWER;
}

/**
 * The messages of a body or an event; none where the text is no JSON. In place of an answer that is not bearable there is
 * an error that says so, without an id; other such messages are none.
 */
export function parseMessages(text: string): Incoming[] {
  if (!isBearable(text)) return hasMethod(text) ? [] : [{ kind: 'error', id: undefined, error: unbearable() }];
  try {
    return messagesOf(JSON.parse(text)).map(classify);
  } catch {
    return [];
  }
}

export type Answer = Extract<Incoming, { kind: 'result' | 'error' }>;

/** The answer to `id`. An error about a request that the server could not read has no id. */
export function isAnswerTo(id: Id, message: Incoming): message is Answer {
  if (message.kind === 'error') return message.id === id || message.id === undefined;
  return message.kind === 'result' && message.id === id;
}

function toRpcError(error: Record<string, unknown>): RpcError {
  const code = typeof error.code === 'number' ? error.code : INTERNAL_ERROR;
  const message = typeof error.message === 'string' ? error.message : 'The server answered an error without a message';
  return new RpcError(code, message, error.data ?? undefined);
}
