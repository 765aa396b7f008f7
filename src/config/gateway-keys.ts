/** The gateway's own keys beside the servers. */

import { flawsOf } from './issues.ts';
import type { AuthConfig, FileShape, GatewayKeys, Problem, SessionLimits } from './model.ts';
import { buildOpenWebui, OPEN_WEBUI_TEXTS } from './open-webui-keys.ts';
import type { Report } from './report.ts';
import { type GatewayEntry, gatewaySchema } from './schema.ts';
import { PORT_MISSING } from './shape.ts';
import { dotted, type MapNode, type Path, stringifyAt, toPlain, withoutNulls, withoutNullsInside } from './tree.ts';
import {
  type Checked,
  checkAllowedHost,
  checkHost,
  checkLogLevel,
  checkPort,
  checkPublicUrl,
  checkStore,
} from './values.ts';

/** Everything that the gateway reads beside the servers. */
export const GATEWAY_KEYS: readonly string[] = Object.keys(gatewaySchema.shape);

const TEXT_PLACES: readonly Path[] = [
  ['port'],
  ['debug', 'level'],
  ['auth', 'basic', 'credentials', '*', 'username'],
  ['auth', 'basic', 'credentials', '*', 'password'],
  ['auth', 'bearer', 'tokens', '*'],
  ...OPEN_WEBUI_TEXTS,
];

/** Reads the keys; what is wrong goes into the report. */
export function buildGatewayKeys(root: MapNode, shape: FileShape, baseDir: string, report: Report): GatewayKeys {
  if (root.entries.has('auth') && !withoutNulls(root).entries.has('auth')) {
    report.warning(['auth'], 'is empty, which means that nothing is asked for', 'fill it in or remove it');
  }
  const filled = withoutNullsInside(root);
  const openWebui = filled.entries.get('open_webui')?.value;
  if (openWebui?.kind === 'map' && openWebui.entries.size === 0) {
    report.warning(['open_webui'], 'is empty and has no effect', 'set url in it, or remove it');
  }
  const plain = withoutIdleLists(toPlain(stringifyAt(filled, TEXT_PLACES)));
  const result = gatewaySchema.safeParse(plain);
  if (!result.success) {
    for (const { path, text, remedy } of flawsOf(result.error, plain, { boolean: 'true or false' })) {
      if (!report.has(path)) report.problem(path, text, remedy ?? exampleOf(path));
    }
    return { allowedHosts: [] };
  }
  return assemble(result.data, shape, baseDir, report);
}

/** What is switched off may hold anything: it was blanked to be filled in later. */
function withoutIdleLists(plain: unknown): unknown {
  const { auth, ...rest } = plain as { readonly auth?: unknown };
  if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) return plain;
  const used = Object.entries(auth).map(([way, block]) => [way, isOff(block) ? { enabled: false } : block]);
  return { ...rest, auth: Object.fromEntries(used) };
}

function isOff(block: unknown): boolean {
  return typeof block === 'object' && block !== null && 'enabled' in block && block.enabled === false;
}

/** Of a mapping that was given as something else. */
function exampleOf(path: Path): string | undefined {
  return dotted(path) === 'open_webui' ? 'as open_webui: {url: ...}' : undefined;
}

function assemble(entry: GatewayEntry, shape: FileShape, baseDir: string, report: Report): GatewayKeys {
  const take = <T>(
    path: Path,
    text: string | undefined,
    check: (text: string) => Checked<T>,
    kind: Pick<Problem, 'isUsage'> = {},
  ): T | undefined => {
    if (text === undefined) return undefined;
    const checked = check(text);
    if ('value' in checked) return checked.value;
    if (!report.has(path)) report.problem(path, checked.flaw, checked.remedy, kind);
    return undefined;
  };
  const host = take(['hostname'], entry.hostname || undefined, checkHost);
  if (Number(entry.port) === 0) {
    const remedy = 'use a number from 1 to 65535; only --port 0 takes any free one';
    report.problemInOriginalWords(['port'], PORT_MISSING, remedy);
  }
  const port = take(['port'], entry.port === undefined ? undefined : String(entry.port), checkPort);
  const logLevel = take(['debug', 'level'], entry.debug?.level || undefined, checkLogLevel, { isUsage: true });
  const publicUrl = take(['public_url'], entry.public_url, checkPublicUrl);
  const store = take(['store'], entry.store, (text) => checkStore(text, baseDir));
  const hosts = entry.allowed_hosts.map((host, index) => take(['allowed_hosts', index], host, checkAllowedHost));
  const auth = entry.auth === undefined ? undefined : buildAuth(entry.auth, shape, report);
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(entry.sessions === undefined ? {} : { sessions: buildSessions(entry.sessions) }),
    allowedHosts: hosts.filter((host) => host !== undefined),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(store === undefined ? {} : { store }),
    ...(auth === undefined ? {} : { auth }),
    ...buildOpenWebui(entry, take, report),
  };
}

function buildSessions(keys: NonNullable<GatewayEntry['sessions']>): Partial<SessionLimits> {
  const { idle_minutes: minutes, per_principal: mostPerPrincipal, total: most, start_seconds: seconds } = keys;
  return {
    ...(minutes === undefined ? {} : { idleMs: Math.ceil(minutes * 60_000) }),
    ...(most === undefined ? {} : { most }),
    ...(mostPerPrincipal === undefined ? {} : { mostPerPrincipal }),
    ...(seconds === undefined ? {} : { startMs: Math.ceil(seconds * 1000) }),
  };
}

function buildAuth(auth: NonNullable<GatewayEntry['auth']>, shape: FileShape, report: Report): AuthConfig {
  const { basic, bearer } = auth;
  const noList = (path: Path, what: string, remedy: string) => {
    // Such a file starts with acehoss/mcp-gateway, and lets nobody in by it.
    if (shape === 'servers') report.warning(path, `is empty though ${what} is enabled: nobody gets in by it`, remedy);
    else report.problem(path, `is empty though ${what} is enabled`, remedy);
  };
  if (basic?.enabled && basic.credentials.length === 0) {
    noList(['auth', 'basic', 'credentials'], 'basic', 'list username and password');
  }
  if (bearer?.enabled && bearer.tokens.length === 0) noList(['auth', 'bearer', 'tokens'], 'bearer', 'list the tokens');
  if (!basic?.enabled && !bearer?.enabled) {
    report.warning(['auth'], 'nothing is enabled here, so every request is refused', 'set enabled: true');
  }
  return {
    basic: basic?.enabled ? basic.credentials : [],
    bearer: bearer?.enabled ? bearer.tokens : [],
  };
}
