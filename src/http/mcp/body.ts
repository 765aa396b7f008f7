/** What the body of an MCP request holds. */
import { GatewayError } from '../../errors.ts';
import { isRequestMethod } from '../../mcp/methods.ts';
import { exactJson, stringifyJson } from '../../schema/json.ts';
import { type Message, toMessage } from '../../upstream/peer/message.ts';
import { isBearable, MOST_DEPTH, MOST_VALUES } from '../../upstream/shape.ts';
import { ambiguity } from './ambiguous.ts';

export interface Body {
  /** May be none: what must not reach a server is not among them. */
  readonly messages: readonly Message[];
  readonly isBatch: boolean;
}

/** Nobody has a use for more, and each could be a call. */
const MOST_IN_BATCH = 100;

/**
 * Throws 413 where the body has too many levels or values, and 400 where it is no JSON-RPC message and no batch of them
 * (JSON-RPC 2.0, section 6), or a server could read one of them otherwise than we do.
 */
export function readBody(body: unknown): Body {
  const text = typeof body === 'string' ? body : '';
  if (!isBearable(text)) throw unbearableBody();
  const parsed = parsedOf(text);
  const isBatch = Array.isArray(parsed);
  const messages = isBatch ? readBatch(parsed, text) : [toMessage(parsed, text) ?? notJsonRpc()];
  for (const message of messages) {
    const problem = ambiguity(message);
    if (problem !== undefined) throw badRequest(problem);
  }
  return { messages: messages.filter((message) => !isUnanswerable(message)), isBatch };
}

function readBatch(parsed: readonly unknown[], text: string): readonly Message[] {
  if (parsed.length === 0) throw badRequest('The batch is empty.');
  if (parsed.length > MOST_IN_BATCH) {
    throw badRequest(`A batch may hold ${MOST_IN_BATCH} messages, this one holds ${parsed.length}.`);
  }
  const exact = exactJson(text, parsed) as readonly unknown[];
  return exact.map((value) => toMessage(value, stringifyJson(value)) ?? notJsonRpc());
}

/** A call without an id has no answer, and passes the checks that calls pass: a server might run it all the same. */
function isUnanswerable({ kind, method }: Message): boolean {
  return kind === 'notification' && isRequestMethod(method);
}

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = text.trim() === '' ? 'The body is empty; send a JSON-RPC message.' : 'The body is no JSON.';
    throw new GatewayError('invalid_json', 400, problem, { cause });
  }
}

function notJsonRpc(): never {
  throw badRequest(
    'The body is no JSON-RPC 2.0 message: it needs "jsonrpc": "2.0" and a method, or an id with a result or an error.',
  );
}

/** 413: what takes too long to read. */
export function unbearableBody(): GatewayError {
  const limits = `${MOST_DEPTH} levels deep, or holds more than ${MOST_VALUES} values`;
  return new GatewayError('body_too_large', 413, `The body is nested more than ${limits}.`);
}

function badRequest(message: string): GatewayError {
  return new GatewayError('bad_mcp_request', 400, message);
}
