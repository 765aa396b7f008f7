/** Words what went wrong on the way to a server as a JSON-RPC error, for callers of both eras. */
import { type ErrorCode, GatewayError } from '../errors.ts';
import {
  type Id,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  PARSE_ERROR,
  RpcError,
} from '../upstream/jsonrpc.ts';
import { errorMessage, type JsonObject, type Message } from '../upstream/peer/message.ts';
import { NotSentError } from '../upstream/wire.ts';

/** What the SDKs of MCP call `ConnectionClosed` and `RequestTimeout`; both from the room for servers' own codes. */
const CONNECTION_CLOSED = -32000;
const REQUEST_TIMEOUT = -32001;

/**
 * | what happened                                                | code   | `data.error`                                  |
 * | ------------------------------------------------------------ | ------ | --------------------------------------------- |
 * | no answer in time                                            | -32001 | `call_timeout`                                |
 * | the server is down, was lost, or is too busy                 | -32000 | `server_unavailable`, `connection_lost`       |
 * | too many sessions keep processes, or one cannot be started   | -32000 | `too_many_sessions`, `start_failed`           |
 * | a service that we ask is down: who somebody is, the sign-in  | -32000 | `identity_unavailable`, `provider_unavailable`|
 * | no JSON                                                      | -32700 | `invalid_json`                                |
 * | too much, or no sound request                                | -32600 | `body_too_large`, `bad_request` and the like  |
 * | arguments that do not fit, or the name of nothing            | -32602 | `invalid_arguments`, `not_found`              |
 * | all else: bad answers, logins, our own mistakes              | -32603 | the code of the error                         |
 */
const CODES: Partial<Readonly<Record<ErrorCode, number>>> = {
  call_timeout: REQUEST_TIMEOUT,
  server_unavailable: CONNECTION_CLOSED,
  connection_lost: CONNECTION_CLOSED,
  cancelled: CONNECTION_CLOSED,
  identity_unavailable: CONNECTION_CLOSED,
  provider_unavailable: CONNECTION_CLOSED,
  storage_failed: CONNECTION_CLOSED,
  too_many_attempts: CONNECTION_CLOSED,
  too_many_sessions: CONNECTION_CLOSED,
  start_failed: CONNECTION_CLOSED,
  body_too_large: INVALID_REQUEST,
  bad_request: INVALID_REQUEST,
  invalid_json: PARSE_ERROR,
  method_not_allowed: INVALID_REQUEST,
  bad_mcp_request: INVALID_REQUEST,
  session_unknown: INVALID_REQUEST,
  invalid_arguments: INVALID_PARAMS,
  not_found: INVALID_PARAMS,
};

/**
 * The answer to the request `id` that failed with `error`: what the server itself said stays as it is; else a text for
 * people, and in `data` our stable code and what a public body has besides. Nothing of what only the log may read.
 */
export function failureMessage(id: Id, error: unknown): Message {
  if (error instanceof RpcError) return errorMessage(id, error.code, error.message, error.data);
  const failure = toFailure(error);
  return errorMessage(id, CODES[failure.code] ?? INTERNAL_ERROR, failure.message, dataOf(failure));
}

function dataOf({ code, body, headers }: GatewayError): JsonObject {
  const { message: _, ...more } = body ?? {};
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return { ...more, error: code, ...(Number.isFinite(seconds) ? { retry_after: seconds } : {}) };
}

function toFailure(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof NotSentError) return notReached(error);
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new GatewayError('call_timeout', 504, 'The server did not answer in time.');
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new GatewayError('cancelled', 499, 'The request was cancelled.');
  }
  return new GatewayError('internal', 500, 'Internal error; the log of the gateway may say more.');
}

/** Its own message names addresses and commands. */
function notReached({ what }: NotSentError): GatewayError {
  const text =
    what === 'session'
      ? 'The server has ended the session; try again.'
      : 'The server cannot be reached; try again shortly.';
  return new GatewayError('server_unavailable', 503, text);
}
