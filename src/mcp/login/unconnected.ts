/** What callers without a connection are answered in the place of the server, so that their session lives and can grow. */
import { type JsonObject, type Message, resultMessage } from '../../upstream/peer/message.ts';
import type { Peer } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY, LEGACY_REVISIONS, SERVER_INFO_META } from '../../upstream/protocol.ts';
import { SUPPORTED_VERSIONS } from '../capabilities.ts';
import { connectDefinition } from './connect-tool.ts';
import type { KnownServer } from './known-server.ts';

export interface Absent {
  readonly name: string;
  readonly known: KnownServer;
  readonly era: Peer['era'];
  /** True where the caller lacks an account at the server: its lists are known to be empty then, but for our own tool. */
  readonly isNobody: boolean;
}

/** 2026-07-28 wants them on whatever may be kept; nothing of this may. */
const MODERN_RESULT = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

const LISTS: ReadonlyMap<string, string> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
]);

/** Undefined where the server alone could answer. */
export function unconnectedAnswer(message: Message, absent: Absent): Message | undefined {
  const result = greeting(message, absent) ?? (absent.isNobody ? listing(message, absent) : undefined);
  return result === undefined || message.id === undefined ? undefined : resultMessage(message.id, result);
}

function greeting({ method, params }: Message, { name, known, era }: Absent): JsonObject | undefined {
  const serverInfo = { name, version: CLIENT_INFO.version };
  if (era === 'modern') {
    if (method !== 'server/discover') return undefined;
    const _meta = { [SERVER_INFO_META]: serverInfo };
    return { supportedVersions: SUPPORTED_VERSIONS, capabilities: known.capabilities, _meta, ...MODERN_RESULT };
  }
  if (method === 'ping' || method === 'logging/setLevel') return {};
  if (method !== 'initialize') return undefined;
  const protocolVersion = agreedVersion(params.protocolVersion, known.version);
  return { protocolVersion, capabilities: known.capabilities, serverInfo };
}

/** The caller's, if it is one; but no newer one than the server agreed on before. */
function agreedVersion(asked: unknown, learned: string | undefined): string {
  const version = LEGACY_REVISIONS.find((revision) => revision === asked) ?? LATEST_LEGACY;
  return learned !== undefined && LEGACY_REVISIONS.includes(learned) && learned < version ? learned : version;
}

function listing({ method, params }: Message, { name, known, era }: Absent): JsonObject | undefined {
  const list = LISTS.get(method);
  if (list === undefined) return undefined;
  const isOurs = list === 'tools' && params.cursor === undefined;
  const entries = isOurs ? [connectDefinition(name, known.connectName)] : [];
  return { [list]: entries, ...(era === 'modern' ? MODERN_RESULT : {}) };
}
