/** The protocol revisions that we speak, and what each asks of a request. */
import type { Params } from './jsonrpc.ts';

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

/** The envelope of 2026-07-28: we declare no capability, so that no server waits for input that REST cannot bring. */
export const MODERN_META: Readonly<Params> = {
  [`${META}/protocolVersion`]: MODERN,
  [`${META}/clientCapabilities`]: {},
  [`${META}/clientInfo`]: CLIENT_INFO,
};

export const SERVER_INFO_META = `${META}/serverInfo`;

/** A header value that is not plain ASCII travels as `=?base64?...?=` (2026-07-28, Streamable HTTP, value encoding). */
export function headerValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value);
  const ambiguous = value.startsWith('=?base64?') && value.endsWith('?=');
  return plain && !ambiguous ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** `Mcp-Method` and `Mcp-Name` of one request (2026-07-28, Streamable HTTP), flat: name, value, name, value. */
export function modernHeaders(method: string, params: Params): string[] {
  const headers = ['mcp-method', method];
  const name = method === 'resources/read' ? params.uri : params.name;
  if (typeof name === 'string') headers.push('mcp-name', headerValue(name));
  return headers;
}
