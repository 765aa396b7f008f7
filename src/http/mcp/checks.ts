/** What an MCP request must say of itself: pure checks, in the order of the specification. */
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { isRecord } from '../../schema/json-schema.ts';
import { HEADER_MISMATCH, INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION } from '../../upstream/jsonrpc.ts';
import { errorMessage, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import { decodedHeaderValue, LEGACY_REVISIONS, MODERN, MODERN_META, nameParameter } from '../../upstream/protocol.ts';

/** Callers may name anything as a revision; so much of it is repeated. */
const LONGEST_SHOWN = 40;

const [VERSION_KEY = '', CAPABILITIES_KEY = ''] = Object.keys(MODERN_META);

/** A draft from before the first revision: a server may still speak it, callers are not told to. */
const DRAFT = '2024-10-07';
/** Every revision that an endpoint serves, newest first. */
const SERVED: readonly string[] = [MODERN, ...LEGACY_REVISIONS.toReversed().filter((revision) => revision !== DRAFT)];

/** True for a request of 2026-07-28: by its envelope, or by its header where the envelope is missing. */
export function isModern(message: Message, headers: IncomingHttpHeaders): boolean {
  const version = metaOf(message)?.[VERSION_KEY];
  if (version !== undefined) return true;
  const claimed = one(headers['mcp-protocol-version']);
  return claimed !== undefined && claimed === MODERN;
}

/**
 * Why a request of 2026-07-28 is refused before anybody looks at what it asks: its envelope, its revision, its headers
 * (2026-07-28, Streamable HTTP, request headers and server validation). Undefined: it is sound.
 */
export function modernRefusal(message: Message, headers: IncomingHttpHeaders): Message | undefined {
  const id = message.id ?? 0;
  const meta = metaOf(message);
  const missing = [VERSION_KEY, CAPABILITIES_KEY].filter((key) => !isEnvelopeValue(key, meta?.[key]));
  if (missing.length > 0) {
    const text = `Invalid params: the request needs ${missing.join(' and ')} in params._meta.`;
    return errorMessage(id, INVALID_PARAMS, text, { envelope: { missing } });
  }
  const version = meta?.[VERSION_KEY] as string;
  const claimed = one(headers['mcp-protocol-version']);
  if (claimed !== undefined && claimed !== version) {
    return mismatch(id, 'MCP-Protocol-Version', `the body says ${version}`);
  }
  if (version !== MODERN) {
    const text = `Unsupported protocol version: ${version.slice(0, LONGEST_SHOWN)}`;
    // Of this era, and no more: which others there are, `server/discover` says, in the server's own words where it has any.
    return errorMessage(id, UNSUPPORTED_PROTOCOL_VERSION, text, { supported: [MODERN], requested: version });
  }
  if (claimed === undefined) return mismatch(id, 'MCP-Protocol-Version', 'it is missing');
  return methodRefusal(message, headers, id);
}

function methodRefusal(message: Message, headers: IncomingHttpHeaders, id: string | number): Message | undefined {
  const method = one(headers['mcp-method']);
  if (method === undefined) return mismatch(id, 'Mcp-Method', 'it is missing');
  if (method !== message.method) return mismatch(id, 'Mcp-Method', `the body says ${message.method}`);
  const parameter = nameParameter(message.method);
  const named = parameter === undefined ? undefined : message.params[parameter];
  if (typeof named !== 'string') return undefined;
  const name = one(headers['mcp-name']);
  if (name === undefined) return mismatch(id, 'Mcp-Name', 'it is missing');
  const decoded = decodedHeaderValue(name);
  if (decoded === undefined) return mismatch(id, 'Mcp-Name', 'its encoding is broken');
  return decoded === named ? undefined : mismatch(id, 'Mcp-Name', `the body names another ${parameter}`);
}

function mismatch(id: string | number, header: string, why: string): Message {
  const text = `Bad Request: the header ${header} and the body disagree: ${why.slice(0, 200)}.`;
  return errorMessage(id, HEADER_MISMATCH, text, { mismatch: { header } });
}

function isEnvelopeValue(key: string, value: unknown): boolean {
  return key === VERSION_KEY ? typeof value === 'string' : isRecord(value);
}

function metaOf({ params }: Message): JsonObject | undefined {
  return isRecord(params._meta) ? params._meta : undefined;
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value.trim() : undefined;
}

/** What a client takes as an answer; a header that names neither is a misunderstanding, and gets JSON. */
export function takesEvents(accept: string | undefined): boolean {
  return accept === undefined || /text\/event-stream|\*\/\*|text\/\*/.test(accept);
}

/**
 * Throws 400 for a revision that nobody knows (2025-06-18, Streamable HTTP, protocol version header). Without the header
 * a request is of the revision that was agreed on.
 */
export function checkVersionHeader(headers: IncomingHttpHeaders): void {
  const version = one(headers['mcp-protocol-version']);
  if (version === undefined || LEGACY_REVISIONS.includes(version)) return;
  const message = `MCP-Protocol-Version names a revision that latchkey does not speak (it speaks ${SERVED.join(', ')}).`;
  const body = { message, supported: SERVED, requested: version.slice(0, LONGEST_SHOWN) };
  throw new GatewayError('bad_mcp_request', 400, message, { body });
}
