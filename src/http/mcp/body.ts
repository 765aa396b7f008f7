/** What the body of an MCP request holds. */
import { GatewayError } from '../../errors.ts';
import { parseJson, stringifyJson } from '../../schema/json.ts';
import { type Message, readMessage, toMessage } from '../../upstream/peer/message.ts';

export interface Body {
  readonly messages: readonly Message[];
  readonly isBatch: boolean;
}

/** Nobody has a use for more, and each could be a call. */
const MOST_IN_BATCH = 100;

/** Throws 400 where the body is no JSON-RPC message and no batch of them (JSON-RPC 2.0, section 6). */
export function readBody(body: unknown): Body {
  const text = typeof body === 'string' ? body : '';
  const message = readMessage(text);
  if (message !== undefined) return { messages: [message], isBatch: false };
  return { messages: readBatch(text), isBatch: true };
}

function readBatch(text: string): readonly Message[] {
  const parsed = parsedOf(text);
  if (!Array.isArray(parsed)) throw notJsonRpc();
  if (parsed.length === 0) throw new GatewayError('bad_mcp_request', 400, 'The batch is empty.');
  if (parsed.length > MOST_IN_BATCH) {
    throw new GatewayError(
      'bad_mcp_request',
      400,
      `A batch may hold ${MOST_IN_BATCH} messages, this one holds ${parsed.length}.`,
    );
  }
  return parsed.map((value) => {
    const message = toMessage(value, stringifyJson(value));
    if (message === undefined) throw notJsonRpc();
    return message;
  });
}

function parsedOf(text: string): unknown {
  if (text.trim() === '') throw new GatewayError('invalid_json', 400, 'The body is empty; send a JSON-RPC message.');
  try {
    return parseJson(text);
  } catch {
    throw new GatewayError('invalid_json', 400, 'The body is no JSON.');
  }
}

function notJsonRpc(): GatewayError {
  return new GatewayError(
    'bad_mcp_request',
    400,
    'The body is no JSON-RPC 2.0 message: it needs "jsonrpc": "2.0" and a method, or an id with a result or an error.',
  );
}
