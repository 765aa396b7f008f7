/** What the endpoint over several servers says of itself. */
import { recordOf } from '../../schema/json-schema.ts';
import { INTERNAL_ERROR, RpcError } from '../../upstream/jsonrpc.ts';
import { edited, type JsonObject, type Message, unlessTooDeep } from '../../upstream/peer/message.ts';
import { CLIENT_INFO, LATEST_LEGACY, LEGACY_REVISIONS, SERVER_INFO_META } from '../../upstream/protocol.ts';
import { CAPABILITIES, SUPPORTED_VERSIONS } from '../capabilities.ts';
import { failureMessage } from '../failures.ts';

/** What results that may be cached hold besides (2026-07-28): these hang on the caller, and on servers that come and go. */
export const UNCACHED: Readonly<JsonObject> = {
  resultType: 'complete',
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { [SERVER_INFO_META]: CLIENT_INFO },
};

/** The revision that a session speaks: the one asked for if we know it (2025-11-25, Lifecycle, version negotiation). */
export function negotiated(asked: unknown): string {
  return typeof asked === 'string' && LEGACY_REVISIONS.includes(asked) ? asked : LATEST_LEGACY;
}

/** The result of `initialize`: all that servers can do; which of them can do what shows in the lists. */
export function initializeResult(protocolVersion: string, servers: readonly string[]): JsonObject {
  return { protocolVersion, capabilities: CAPABILITIES, serverInfo: CLIENT_INFO, instructions: instructions(servers) };
}

/** The result of `server/discover`. */
export function discoverResult(servers: readonly string[]): JsonObject {
  return {
    supportedVersions: SUPPORTED_VERSIONS,
    capabilities: CAPABILITIES,
    instructions: instructions(servers),
    ...UNCACHED,
  };
}

/** Which server a log message comes from; a logger that the server names stays. */
export function withLogger(message: Message, server: string): Message {
  if (message.params.logger !== undefined) return message;
  const change = (value: JsonObject): JsonObject => ({
    ...value,
    params: { ...recordOf(value.params), logger: server },
  });
  return unlessTooDeep(() => edited(message, change)) ?? message;
}

/**
 * What went wrong on the way to `server`, for a caller of several: in the words of a single endpoint, with the server's
 * name in front. What the server said itself stays as it is, and so do words that name it.
 */
export function failureAt(server: string, error: unknown): unknown {
  if (error instanceof RpcError) return error;
  const { code = INTERNAL_ERROR, message, data } = failureMessage('', error).error ?? {};
  const text = String(message);
  return text.includes(`"${server}"`) ? error : new RpcError(Number(code), `${server}: ${text}`, data);
}

function instructions(servers: readonly string[]): string {
  const list = servers.length === 0 ? 'none' : servers.join(', ');
  return `Several servers behind one address. Their tools and prompts are named <server>__<name>. Servers: ${list}.`;
}
