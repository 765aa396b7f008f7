/** The gateway's own keys beside `mcpServers`. */

import { flawsOf } from './issues.ts';
import type { AuthConfig, GatewayKeys } from './model.ts';
import { buildOpenWebui, OPEN_WEBUI_TEXTS } from './open-webui-keys.ts';
import type { Report } from './report.ts';
import { type GatewayEntry, gatewaySchema } from './schema.ts';
import { dotted, type MapNode, type Path, stringifyAt, toPlain, withoutNulls } from './tree.ts';
import { type Checked, checkAllowedHost, checkPublicUrl, checkStore } from './values.ts';

/** Everything that the gateway reads beside `mcpServers`. */
export const GATEWAY_KEYS: readonly string[] = Object.keys(gatewaySchema.shape);

const TEXT_PLACES: readonly Path[] = [
  ['auth', 'basic', 'credentials', '*', 'username'],
  ['auth', 'basic', 'credentials', '*', 'password'],
  ['auth', 'bearer', 'tokens', '*'],
  ...OPEN_WEBUI_TEXTS,
];

/** Reads the keys; what is wrong goes into the report. */
export function buildGatewayKeys(root: MapNode, baseDir: string, report: Report): GatewayKeys {
  if (root.entries.has('auth') && !withoutNulls(root).entries.has('auth')) {
    report.warning(['auth'], 'is empty, which means that nothing is asked for', 'fill it in or remove it');
  }
  const filled = withoutEmpty(root);
  const openWebui = filled.entries.get('open_webui')?.value;
  if (openWebui?.kind === 'map' && openWebui.entries.size === 0) {
    report.warning(['open_webui'], 'is empty and has no effect', 'set url in it, or remove it');
  }
  const plain = toPlain(stringifyAt(filled, TEXT_PLACES));
  const result = gatewaySchema.safeParse(plain);
  if (!result.success) {
    for (const { path, text, remedy } of flawsOf(result.error, plain, { boolean: 'true or false' })) {
      if (!report.has(path)) report.problem(path, text, remedy ?? exampleOf(path));
    }
    return { allowedHosts: [] };
  }
  return assemble(result.data, baseDir, report);
}

/** Of a mapping that was given as something else. */
function exampleOf(path: Path): string | undefined {
  return dotted(path) === 'open_webui' ? 'as open_webui: {url: ...}' : undefined;
}

/** Empty keys of the file and of its `open_webui` count as absent. */
function withoutEmpty(root: MapNode): MapNode {
  const filled = withoutNulls(root);
  const openWebui = filled.entries.get('open_webui');
  if (openWebui?.value.kind !== 'map') return filled;
  const value = withoutNulls(openWebui.value);
  return { ...filled, entries: new Map([...filled.entries, ['open_webui', { ...openWebui, value }]]) };
}

function assemble(entry: GatewayEntry, baseDir: string, report: Report): GatewayKeys {
  const take = <T>(path: Path, text: string | undefined, check: (text: string) => Checked<T>): T | undefined => {
    if (text === undefined) return undefined;
    const checked = check(text);
    if ('value' in checked) return checked.value;
    if (!report.has(path)) report.problem(path, checked.flaw, checked.remedy);
    return undefined;
  };
  const publicUrl = take(['public_url'], entry.public_url, checkPublicUrl);
  const store = take(['store'], entry.store, (text) => checkStore(text, baseDir));
  const hosts = entry.allowed_hosts.map((host, index) => take(['allowed_hosts', index], host, checkAllowedHost));
  const auth = entry.auth === undefined ? undefined : buildAuth(entry.auth, report);
  return {
    allowedHosts: hosts.filter((host) => host !== undefined),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(store === undefined ? {} : { store }),
    ...(auth === undefined ? {} : { auth }),
    ...buildOpenWebui(entry, take, report),
  };
}

function buildAuth(auth: NonNullable<GatewayEntry['auth']>, report: Report): AuthConfig {
  const { basic, bearer } = auth;
  if (basic?.enabled && basic.credentials.length === 0) {
    report.problem(['auth', 'basic', 'credentials'], 'is empty though basic is enabled', 'list username and password');
  }
  if (bearer?.enabled && bearer.tokens.length === 0) {
    report.problem(['auth', 'bearer', 'tokens'], 'is empty though bearer is enabled', 'list the tokens');
  }
  if (!basic?.enabled && !bearer?.enabled) {
    report.warning(['auth'], 'nothing is enabled here, so every request is refused', 'set enabled: true');
  }
  return {
    basic: basic?.enabled ? basic.credentials : [],
    bearer: bearer?.enabled ? bearer.tokens : [],
  };
}
