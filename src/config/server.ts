/** From one entry of the file to a ServerConfig, or to the list of what is wrong with it. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULTS } from './defaults.ts';
import { buildEndpoint, checkAddress, type Kind, kindOf, kindOfType } from './endpoint.ts';
import { hashOf } from './hash.ts';
import { flawsOf } from './issues.ts';
import type { Endpoint, FileShape, HeaderForwarding, OAuthConfig, ServerConfig } from './model.ts';
import { buildOAuth, oauthKeysOf } from './oauth.ts';
import { oauthOddities } from './oauth-oddities.ts';
import type { Report } from './report.ts';
import { type ServerEntry, serverSchema } from './server-schema.ts';
import { type MapNode, type Path, stringifyAt, toPlain, withoutNulls } from './tree.ts';

/** What an entry is built with, besides itself. */
export interface ServerContext {
  readonly shape: FileShape;
  readonly report: Report;
  /** The folder that `cwd` is relative to. */
  readonly baseDir: string;
  readonly withheldEnv: readonly string[];
  /** The home folder; undefined where the environment names none. */
  readonly home: string | undefined;
}

const TEXT_PLACES: readonly Path[] = [
  ['args', '*'],
  ['env', '*'],
  ['headers', '*'],
  ['oauth', 'client_id'],
  ['oauth', 'client_secret'],
  ['oauth', 'webui_secret_key'],
];
const STDIO_KEYS = ['command', 'args', 'env', 'cwd', 'path', 'inherit_env'] as const;
const REMOTE_KEYS = ['url', 'headers', 'client_header_forwarding', 'oauth'] as const;

/** Undefined: not usable, and the report says why. */
export function buildServer(name: string, node: MapNode, context: ServerContext): ServerConfig | undefined {
  const path = [context.shape, name];
  const plain = toPlain(stringifyAt(withoutEmpty(node), TEXT_PLACES)) as Record<string, unknown>;
  const before = context.report.problems.length;
  checkAddress(name, plain, path, context.report);
  const kind = kindOf(plain);
  const entry = parseEntry(name, plain, path, context.report);
  if (entry === undefined || context.report.problems.length > before) return undefined;
  warnOfOddities(plain, entry, kind, path, context);
  return assemble(name, entry, kind, context);
}

/** Empty keys of the entry and of its `oauth` count as absent. */
function withoutEmpty(node: MapNode): MapNode {
  const filled = withoutNulls(node);
  const oauth = filled.entries.get('oauth');
  if (oauth?.value.kind !== 'map') return filled;
  const value = withoutNulls(oauth.value);
  return { ...filled, entries: new Map([...filled.entries, ['oauth', { ...oauth, value }]]) };
}

function parseEntry(name: string, plain: Record<string, unknown>, path: Path, report: Report): ServerEntry | undefined {
  // An unknown type is judged by checkAddress, as leniently as mcpo did.
  const { type, ...rest } = plain;
  const isUnknown = typeof type === 'string' && kindOfType(type) === undefined;
  const result = serverSchema.safeParse(isUnknown ? rest : plain);
  if (result.success) return result.data;
  for (const flaw of flawsOf(result.error, plain)) {
    const at = [...path, ...flaw.path];
    if (!report.has(at)) report.problem(at, serverMessage(name, flaw.path, flaw.text), flaw.remedy);
  }
  return undefined;
}

/** mcpo's wording: `Server 'x' 'args' must be a list`, `... must contain only strings`. */
function serverMessage(name: string, path: Path, text: string): string {
  const isItem = typeof path.at(-1) === 'number' && text === 'must be a string';
  const key = (isItem ? path.slice(0, -1) : path).join('.');
  return `Server '${name}' '${key}' ${isItem ? 'must contain only strings' : text}`;
}

function warnOfOddities(plain: object, entry: ServerEntry, kind: Kind, path: Path, context: ServerContext): void {
  const { report, shape } = context;
  const idle = kind === 'stdio' ? REMOTE_KEYS : STDIO_KEYS;
  for (const key of idle.filter((key) => Object.hasOwn(plain, key))) {
    report.warning([...path, key], `this key has no effect on a server of type ${kind}`);
  }
  if (entry.path !== undefined && shape === 'mcpServers') {
    report.warning([...path, 'path'], "has an effect only below 'servers'", "write 'cwd'");
  }
  for (const [winner, other] of [
    ...(shape === 'servers' ? [['cwd', 'path'] as const] : []),
    ['disabledTools', 'disabled_tools'],
    ['enabledTools', 'enabled_tools'],
  ] as const) {
    if (Object.hasOwn(plain, winner) && Object.hasOwn(plain, other)) {
      report.warning([...path, other], `'${winner}' is there too and wins`, 'keep one of them');
    }
  }
  if (entry.timeout !== undefined && entry.timeout > 3600) {
    report.warning([...path, 'timeout'], `the timeout is in seconds: ${entry.timeout} is more than an hour`);
  }
}

function assemble(name: string, entry: ServerEntry, kind: Kind, context: ServerContext): ServerConfig {
  const { shape, baseDir, withheldEnv, report } = context;
  const defaults = DEFAULTS[shape];
  const folder = entry.cwd ?? (shape === 'servers' ? entry.path : undefined);
  const endpoint = buildEndpoint(entry, kind, {
    ...(folder === undefined ? {} : { cwd: resolve(baseDir, folder) }),
    withheldEnv,
    endsBy: shape === 'servers' ? 'SIGTERM' : 'stdin',
  });
  if (endpoint.kind === 'stdio' && endpoint.cwd !== undefined && !existsSync(endpoint.cwd)) {
    const key = entry.cwd === undefined ? 'path' : 'cwd';
    report.warning([shape, name, key], `the folder ${endpoint.cwd} does not exist`);
  }
  const enabledTools = entry.enabledTools ?? entry.enabled_tools;
  const forwardHeaders = kind === 'stdio' ? undefined : forwardingOf(entry);
  const oauth = loginOf(name, entry, endpoint, context);
  const config = {
    name,
    endpoint,
    ...(enabledTools === undefined ? {} : { enabledTools }),
    disabledTools: entry.disabledTools ?? entry.disabled_tools ?? [],
    timeoutMs: Math.ceil((entry.timeout ?? defaults.timeout) * 1000),
    start: entry.start ?? defaults.start,
    isolation: oauth?.multiUser ? ('principal' as const) : (entry.isolation ?? defaults.isolation),
    ...(entry.protocol_version === undefined ? {} : { protocolVersion: entry.protocol_version }),
    ...(forwardHeaders === undefined ? {} : { forwardHeaders }),
    ...(oauth === undefined ? {} : { oauth }),
  };
  return { ...config, hash: serverHash(config) };
}

function loginOf(
  name: string,
  entry: ServerEntry,
  endpoint: Endpoint,
  { shape, report, home }: ServerContext,
): OAuthConfig | undefined {
  const keys = oauthKeysOf(entry.oauth);
  if (endpoint.kind === 'stdio' || keys === undefined) return undefined;
  const oauth = buildOAuth(name, keys, home);
  for (const { path, message, remedy } of oauthOddities(name, keys, oauth, endpoint)) {
    report.warning([shape, name, ...path], message, remedy);
  }
  if (oauth.multiUser && (entry.isolation ?? 'principal') !== 'principal') {
    const message = "is 'principal' where each person signs in";
    report.warning([shape, name, 'isolation'], message, 'remove it, or set oauth.multi_user: false');
  }
  return oauth;
}

/**
 * What is withheld belongs to the other entries: adding one must not restart this server.
 * The name is part of it, because session keys hang on the hash.
 */
export function serverHash(config: Omit<ServerConfig, 'hash'>): string {
  const { endpoint, ...rest } = config;
  return hashOf({ ...rest, endpoint: { ...endpoint, withheldEnv: undefined } });
}

function forwardingOf(entry: ServerEntry): HeaderForwarding | undefined {
  const forwarding = entry.client_header_forwarding;
  if (!forwarding?.enabled) return undefined;
  return { whitelist: forwarding.whitelist, blacklist: forwarding.blacklist, debug: forwarding.debug_headers };
}
