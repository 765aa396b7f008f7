/** The protocol revisions that we speak, and what each asks of a request. */
import { HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, type Params, UNSUPPORTED_PROTOCOL_VERSION } from './jsonrpc.ts';

/** Newest revision with sessions; what `initialize` offers. */
export const LATEST_LEGACY = '2025-11-25';
/** The stateless revision. */
export const MODERN = '2026-07-28';
export const LEGACY_REVISIONS: readonly string[] = [
  '2024-10-07',
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  LATEST_LEGACY,
];

/** Era `legacy`: `initialize` and sessions. Era `modern`: each request carries its own envelope in `_meta`. */
export interface Protocol {
  readonly era: 'legacy' | 'modern';
  readonly version: string;
}

export const CLIENT_INFO = { name: 'latchkey', version: '0.1.0' } as const;

const META = 'io.modelcontextprotocol';

/** Keys of `_meta` in 2026-07-28: what each request says of who asks, and what messages say of what they belong to. */
export const PROTOCOL_VERSION_META = `${META}/protocolVersion`;
export const CLIENT_CAPABILITIES_META = `${META}/clientCapabilities`;
export const CLIENT_INFO_META = `${META}/clientInfo`;
export const LOG_LEVEL_META = `${META}/logLevel`;
export const SUBSCRIPTION_ID_META = `${META}/subscriptionId`;
export const SERVER_INFO_META = `${META}/serverInfo`;

/** The envelope of 2026-07-28: we declare no capability, so that no server waits for input that REST cannot bring. */
export const MODERN_META: Readonly<Params> = {
  [PROTOCOL_VERSION_META]: MODERN,
  [CLIENT_CAPABILITIES_META]: {},
  [CLIENT_INFO_META]: CLIENT_INFO,
};

/** Errors of 2026-07-28 alone: headers against body, a capability that is missing, an unknown revision. */
export const MODERN_ERRORS: ReadonlySet<unknown> = new Set([
  HEADER_MISMATCH,
  MISSING_CLIENT_CAPABILITY,
  UNSUPPORTED_PROTOCOL_VERSION,
]);

/** A header value that is not plain ASCII travels as `=?base64?...?=` (2026-07-28, Streamable HTTP, value encoding). */
export function headerValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value);
  const ambiguous = value.startsWith('=?base64?') && value.endsWith('?=');
  return plain && !ambiguous ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Which parameter `Mcp-Name` repeats (2026-07-28, Streamable HTTP, standard headers; tasks: their extension). */
const NAME_PARAMS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** The parameter of a method that `Mcp-Name` repeats; undefined: it has none. */
export function nameParameter(method: string): string | undefined {
  return NAME_PARAMS.get(method);
}

/** What a header value stands for; undefined where its `=?base64?...?=` is broken. The opposite of `headerValue`. */
export function decodedHeaderValue(value: string): string | undefined {
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes.toString('utf8') : undefined;
}

/** `Mcp-Method` and `Mcp-Name` of one request (2026-07-28, Streamable HTTP), flat: name, value, name, value. */
export function modernHeaders(method: string, params: Readonly<Params>): string[] {
  // Callers choose the method: what is no header value must not end as a broken request.
  const headers = ['mcp-method', headerValue(method)];
  const source = nameParameter(method);
  const name = source === undefined ? undefined : params[source];
  if (typeof name === 'string') headers.push('mcp-name', headerValue(name));
  return headers;
}
