/** What the endpoint over several servers says of itself. */
import { recordOf } from '../../schema/json-schema.ts';
import { edited, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import { CLIENT_INFO, LATEST_LEGACY, LEGACY_REVISIONS, MODERN, SERVER_INFO_META } from '../../upstream/protocol.ts';
import { unlessTooDeep } from '../wrappers/too-deep.ts';

/** All that MCP servers can have in common; which of them has what shows in the lists. */
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  logging: {},
  completions: {},
} as const;

/** What each result of 2026-07-28 says of who answers. */
const SERVER_META = { [SERVER_INFO_META]: CLIENT_INFO };

/** What results that may be cached hold besides (2026-07-28): these hang on the caller, and on servers that come and go. */
export const UNCACHED: Readonly<JsonObject> = {
  resultType: 'complete',
  ttlMs: 0,
  cacheScope: 'private',
  _meta: SERVER_META,
};

/** The revision that a session speaks: the one asked for if we know it (2025-11-25, Lifecycle, version negotiation). */
export function negotiated(asked: unknown): string {
  return typeof asked === 'string' && LEGACY_REVISIONS.includes(asked) ? asked : LATEST_LEGACY;
}

/** The result of `initialize`. */
export function initializeResult(protocolVersion: string, servers: readonly string[]): JsonObject {
  return { protocolVersion, capabilities: CAPABILITIES, serverInfo: CLIENT_INFO, instructions: instructions(servers) };
}

/** The result of `server/discover`. */
export function discoverResult(servers: readonly string[]): JsonObject {
  const supportedVersions = [MODERN, ...LEGACY_REVISIONS.toReversed()];
  return { supportedVersions, capabilities: CAPABILITIES, instructions: instructions(servers), ...UNCACHED };
}

/** The result of `subscriptions/listen`, whose `_meta` names the subscription. */
export function listenResult(meta: JsonObject): JsonObject {
  return { resultType: 'complete', _meta: { ...SERVER_META, ...meta } };
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

function instructions(servers: readonly string[]): string {
  const list = servers.length === 0 ? 'none' : servers.join(', ');
  return `Several servers behind one address. Their tools and prompts are named <server>__<name>. Servers: ${list}.`;
}
