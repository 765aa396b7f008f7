/** What `serve` and `dump` have in common: log, stores and gateway, made in order and closed in reverse. */
import type { Logger } from 'pino';
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { Configuration, Problem } from '../config/model.ts';
import { Gateway, type GatewayOptions } from '../gateway.ts';
import { PersonalTokens } from '../identity/personal-tokens.ts';
import { WebSessions } from '../identity/web-sessions.ts';
import { createLog } from '../log.ts';
import { publicBase } from '../routing.ts';
import { isGuarded, type Settings } from '../settings.ts';
import { openStores, openStoresOrMemory, type Stores } from '../storage/open.ts';

export interface Runtime {
  readonly log: Logger;
  readonly gateway: Gateway;
  readonly sessions: WebSessions;
  readonly tokens: PersonalTokens;
  /** What is odd about where things are kept. */
  readonly warnings: readonly Problem[];
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How long a browser stays signed in that nobody uses. */
const SIGNED_IN_MS = 8 * 60 * MINUTE_MS;
const SWEEP_MS = 10 * MINUTE_MS;

type OpenStores = typeof openStoresOrMemory;

/**
 * How the stores of a gateway are opened. acehoss/mcp-gateway writes no file, so its users have it where there is no folder to
 * write in; memory will do there, unless somebody has asked for a file or there are logins at servers to be kept.
 */
export function storeOpener({ shape }: Settings, flags: Flags, { servers, gateway }: Configuration): OpenStores {
  const isNamed = flags.store !== undefined || gateway.store !== undefined;
  const hasLogins = [...servers.values()].some(({ oauth }) => oauth !== undefined);
  return shape === 'servers' && !isNamed && !hasLogins ? openStoresOrMemory : openStores;
}

/** Throws ConfigError when the store cannot be opened, or its secret is missing or wrong. */
export async function startRuntime(
  settings: Settings,
  env: Environment,
  configuration: Configuration,
  onState: NonNullable<GatewayOptions['onState']>,
  open: OpenStores = openStores,
): Promise<Runtime> {
  const log = createLog(settings.logLevel, process.stderr.isTTY === true);
  const { warning, ...stores } = await open(settings.store, env, log);
  const base = publicBase(settings.publicUrl, settings.rootPath);
  const gateway = new Gateway({ log, stores, publicBase: base, limits: settings.sessions, onState });
  const sessions = openSessions(stores, settings, configuration);
  const tokens = new PersonalTokens(stores.sealed, log);
  const sweeper = setInterval(() => {
    sessions.sweep().catch((error: unknown) => log.warn({ err: error }, 'old sessions could not be removed'));
    tokens.sweep().catch((error: unknown) => log.warn({ err: error }, 'expired access tokens could not be removed'));
  }, SWEEP_MS);
  sweeper.unref();
  return {
    log,
    gateway,
    sessions,
    tokens,
    warnings: warning === undefined ? [] : [warning],
    close: async () => {
      clearInterval(sweeper);
      await gateway.close();
      await stores.close();
      log.flush();
    },
  };
}

/** A session lives as long as the longest grant that may hang on it, and a whole day's work where people sign in. */
export function openSessions(stores: Stores, settings: Settings, configuration: Configuration): WebSessions {
  const grants = [...configuration.servers.values()].map(({ oauth }) => oauth?.sessionTimeoutMs ?? 0);
  const signedIn = isGuarded(settings) ? SIGNED_IN_MS : 0;
  const idleMs = Math.max(30 * MINUTE_MS, signedIn, ...grants);
  return new WebSessions(stores.sealed.table('sessions'), { idleMs, longestMs: Math.max(30 * DAY_MS, idleMs) });
}
