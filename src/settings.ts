/** Flags, environment and file to one frozen Settings, or to everything that is wrong with them. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULT_SESSIONS, DEFAULTS } from './config/defaults.ts';
import { checkExposure } from './config/exposure.ts';
import type { Flags } from './config/flags.ts';
import { deepFreeze } from './config/freeze.ts';
import type { Environment } from './config/interpolate.ts';
import { type ConfigSource, type LoadOptions, loadConfiguration } from './config/load.ts';
import {
  type AnonymousCatalog,
  type AuthConfig,
  COMMAND_LINE,
  ConfigError,
  type Configuration,
  type FileShape,
  type LogLevel,
  type OpenWebuiConfig,
  type Problem,
  type SessionLimits,
} from './config/model.ts';
import { isGuarded, resolveOpenWebui } from './config/open-webui.ts';
import { judgeOpenWebui } from './config/open-webui-oddities.ts';
import { checkDocumentKey } from './config/secrets.ts';
import { type Place, withoutEchoes } from './config/setting-places.ts';
import { SettingsReader } from './config/settings-reader.ts';
import {
  checkAllowedHost,
  checkNetwork,
  checkOrigin,
  checkPathPrefix,
  checkPublicUrl,
  checkRootPath,
  isLoopbackHost,
  type StoreUri,
} from './config/values.ts';

export { isGuarded, isLoopbackHost };

export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** http(s), without query and fragment; a path in it has no trailing slash. */
  readonly publicUrl: URL;
  /** False: made up from the port, so to be made anew once a port 0 is known. */
  readonly publicUrlGiven: boolean;
  /** `''` or `/api`. */
  readonly rootPath: string;
  /** `/` or `/pre/`. */
  readonly pathPrefix: string;
  readonly corsAllowOrigins: readonly string[];
  readonly apiKey?: string;
  readonly strictAuth: boolean;
  readonly auth?: AuthConfig;
  readonly openWebui: OpenWebuiConfig;
  /** What the operator said; undefined: see `anonymousCatalogOf`. */
  readonly anonymousCatalog?: AnonymousCatalog;
  /** The unguessable `?key=` that opens documents to callers without a credential. */
  readonly documentKey?: string;
  readonly allowedHosts: readonly string[];
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[];
  readonly store: StoreUri;
  readonly insecureOpen: boolean;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Whose answers callers know. */
  readonly shape: FileShape;
  readonly sessions: SessionLimits;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly hotReload: boolean;
  readonly source: ConfigSource;
  readonly warnings: readonly Problem[];
}

/**
 * What callers without a credential see of servers where each person signs in. Unsaid: what others' tools are called and
 * take is told only on this machine, or to whoever knows the key of the documents.
 */
export function anonymousCatalogOf(
  settings: Pick<Settings, 'anonymousCatalog' | 'documentKey' | 'host'>,
): AnonymousCatalog {
  if (settings.anonymousCatalog !== undefined) return settings.anonymousCatalog;
  return settings.documentKey !== undefined || isLoopbackHost(settings.host) ? 'learned' : 'connect-only';
}

/** mcpo's head of the document as a whole. */
export const DEFAULT_NAME = 'MCP OpenAPI Proxy';
export const DEFAULT_DESCRIPTION = 'Automatically generated API from MCP Tool Schemas';

export interface SettingsInput {
  readonly flags: Flags;
  /** The environment with the variables of `--env` and `--env-path`. */
  readonly env: Environment;
  readonly config: Pick<Configuration, 'gateway' | 'shape'>;
  /** Default: what `resolveSource` finds. */
  readonly source?: ConfigSource;
}

/** Where the servers come from: `--config`, the command, `CONFIG_PATH`, `./config.yaml`, `./config.json`; undefined: nowhere. */
export function resolveSource(flags: Flags, env: Environment, cwd = process.cwd()): ConfigSource | undefined {
  if (flags.config !== undefined) return { kind: 'file', path: resolve(cwd, flags.config), given: flags.config };
  if (flags.command !== undefined) {
    return {
      kind: 'single',
      command: flags.command,
      ...(flags.type === undefined ? {} : { type: flags.type }),
      ...(flags.header === undefined ? {} : { header: flags.header }),
      ...(flags.oauth === undefined ? {} : { oauth: flags.oauth }),
    };
  }
  const { CONFIG_PATH: given } = env;
  // A variable of acehoss/mcp-gateway: whoever sets it knows that one's words for what is wrong with the file.
  if (given) return { kind: 'file', path: resolve(cwd, given), given, likely: 'servers' };
  const found = ['./config.yaml', './config.json'].find((name) => existsSync(resolve(cwd, name)));
  return found === undefined ? undefined : { kind: 'file', path: resolve(cwd, found), given: found };
}

export interface Loaded {
  readonly settings: Settings;
  readonly configuration: Configuration;
  /** Those of the warnings that hang on the settings alone, and so outlive every reload. */
  readonly lasting: readonly Problem[];
}

/** Reads the configuration and resolves the settings, with the problems of both in one ConfigError. */
export async function loadAll(flags: Flags, env: Environment, source: ConfigSource): Promise<Loaded> {
  const problems: Problem[] = [];
  let shape: FileShape = 'mcpServers';
  const collect = (error: unknown): undefined => {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    shape = error.shape;
  };
  const configuration = await loadConfiguration(source, { env, ...loadOptionsOf(flags) }).catch(collect);
  const config = configuration ?? { gateway: { allowedHosts: [] }, shape };
  const settings = attempt(() => resolveSettings({ flags, env, config, source }), collect);
  if (configuration === undefined || settings === undefined)
    throw new ConfigError(withoutEchoes(problems), config.shape);
  const exposure = checkExposure(settings, configuration);
  if (exposure.problems.length > 0) throw new ConfigError(exposure.problems, config.shape);
  const warnings = [...settings.warnings, ...exposure.warnings];
  return { settings: deepFreeze({ ...settings, warnings }), configuration, lasting: settings.warnings };
}

/** What the loader has to know of the command line; what is wrong with that is reported by `resolveSettings`. */
export function loadOptionsOf(flags: Flags): Omit<LoadOptions, 'env'> {
  const checked = checkPathPrefix(flags.pathPrefix ?? '/');
  return { pathPrefix: 'value' in checked ? checked.value : '/', hasPort: flags.port !== undefined };
}

/** Resolves everything but the servers; throws ConfigError with all problems. */
export function resolveSettings(input: SettingsInput): Settings {
  const { flags, env, config } = input;
  const read = new SettingsReader(flags, env);
  const source = input.source ?? resolveSource(flags, env);
  if (source === undefined) throw new ConfigError([{ file: COMMAND_LINE, path: '', message: 'names no server' }]);
  const host = read.host(config.gateway.host, DEFAULTS[config.shape].hostname);
  const port = read.port(config.gateway.port, DEFAULTS[config.shape].port);
  const tls = read.tls();
  const publicUrl =
    read.either(['--public-url', flags.publicUrl], ['PUBLIC_URL', env.PUBLIC_URL || undefined], checkPublicUrl) ??
    config.gateway.publicUrl;
  const apiKey = read.apiKey();
  const openWebui = resolveOpenWebui(flags, env, config.gateway.openWebui, source, read);
  const anonymousCatalog = read.anonymousCatalog() ?? config.gateway.anonymousCatalog;
  const documentKey =
    read.either(
      ['--document-key', flags.documentKey],
      ['LATCHKEY_DOCUMENT_KEY', env.LATCHKEY_DOCUMENT_KEY],
      checkDocumentKey,
    ) ?? config.gateway.documentKey;
  const { auth } = config.gateway;
  const settings: Settings = {
    host,
    port,
    publicUrl: new URL(publicUrl ?? `${tls ? 'https' : 'http'}://localhost:${port}`),
    publicUrlGiven: publicUrl !== undefined,
    rootPath: read.checked('--root-path', flags.rootPath, checkRootPath) ?? '',
    pathPrefix: (source.kind === 'file' && read.checked('--path-prefix', flags.pathPrefix, checkPathPrefix)) || '/',
    corsAllowOrigins: read.list('--cors-allow-origins', flags.corsAllowOrigins ?? ['*'], checkOrigin),
    ...(apiKey === undefined ? {} : { apiKey }),
    strictAuth: flags.strictAuth ?? false,
    ...(auth === undefined ? {} : { auth }),
    openWebui,
    ...(anonymousCatalog === undefined ? {} : { anonymousCatalog }),
    ...(documentKey === undefined ? {} : { documentKey }),
    allowedHosts: [...config.gateway.allowedHosts, ...read.list('--allowed-host', flags.allowedHost, checkAllowedHost)],
    trustProxy: read.list('--trust-proxy', flags.trustProxy, checkNetwork),
    store: read.store(config.gateway.store),
    insecureOpen: flags.insecureOpen ?? false,
    ...(tls === undefined ? {} : { tls }),
    shape: config.shape,
    sessions: { ...DEFAULT_SESSIONS, ...config.gateway.sessions },
    name: flags.name ?? DEFAULT_NAME,
    description: flags.description ?? DEFAULT_DESCRIPTION,
    version: flags.version ?? '1.0',
    logLevel: read.logLevel(config.gateway.logLevel),
    hotReload: flags.hotReload ?? false,
    source,
    warnings: read.warnings,
  };
  warnOfOddities(settings, flags, read);
  judgeOpenWebui(settings, flags, env, read);
  read.throwIfAny();
  return deepFreeze(settings);
}

function warnOfOddities(settings: Settings, flags: Flags, read: SettingsReader): void {
  const guarded = isGuarded(settings);
  const isSingle = settings.source.kind === 'single';
  if (settings.strictAuth && !guarded) {
    read.warning('--strict-auth', 'has no effect without --api-key, an auth map, or a secret of Open WebUI');
  }
  if (!isLoopbackHost(settings.host) && !guarded && !settings.insecureOpen) {
    const message = `anyone who reaches ${settings.host}:${settings.port} can call every tool`;
    const ask = settings.shape === 'servers' ? 'fill in auth' : 'set --api-key';
    const remedy = `${ask}, or say --insecure-open if that is meant`;
    read.warnings.push({ ...hostPlace(settings, flags), message, remedy });
  }
  if (settings.hotReload && isSingle) read.warning('--hot-reload', 'has no effect without --config');
  if (flags.pathPrefix !== undefined && isSingle) read.warning('--path-prefix', 'has no effect without --config');
  if (flags.config !== undefined && flags.command !== undefined) {
    read.warning('--config', 'wins over the command behind --, which is not started', 'remove one of them');
  }
  for (const flag of ['type', 'header', 'oauth'] as const) {
    if (!isSingle && flags[flag] !== undefined) read.warning(`--${flag}`, 'has no effect on a configuration file');
  }
}

/** Where it was said that others may reach us, or could be said that they may not. */
function hostPlace({ source }: Settings, flags: Flags): Place {
  if (flags.host !== undefined || source.kind !== 'file') return { file: COMMAND_LINE, path: '--host' };
  return { file: source.path, path: 'hostname' };
}

function attempt<T>(run: () => T, onError: (error: unknown) => undefined): T | undefined {
  try {
    return run();
  } catch (error) {
    return onError(error);
  }
}
