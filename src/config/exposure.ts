/** Whether logins are safe, and can be finished, at the address where the gateway is reached. */

import type { ConfigSource } from './load.ts';
import type { AuthConfig, Configuration, Problem } from './model.ts';
import { isLoopbackHost } from './values.ts';

/** The settings that decide who reaches the gateway, and how. */
export interface Reach {
  readonly host: string;
  readonly publicUrl: URL;
  readonly publicUrlGiven: boolean;
  readonly apiKey?: string;
  readonly auth?: AuthConfig;
  readonly insecureOpen: boolean;
  readonly source: ConfigSource;
}

export interface Exposure {
  /** To be put right before we start, or before a changed file is taken. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Judges the logins of `servers` by who can reach them; no I/O, so that each reload can ask again. */
export function checkExposure(reach: Reach, { servers }: Pick<Configuration, 'servers'>): Exposure {
  const withLogins = [...servers.values()].filter(({ oauth }) => oauth !== undefined);
  if (withLogins.length === 0) return { problems: [], warnings: [] };
  const isOpen = !isLoopbackHost(reach.host) && !isGuarded(reach) && !reach.insecureOpen;
  const shared = withLogins.filter(({ oauth }) => oauth?.multiUser === false);
  return {
    problems: isOpen ? shared.map(({ name }) => openLogin(reach, name)) : [],
    warnings: [
      ...(shared.length < withLogins.length ? [...unreachable(reach), ...nameless(reach)] : []),
      ...(isLoopbackHost(reach.publicUrl.hostname) ? [] : readable(reach)),
    ],
  };
}

function isGuarded({ apiKey, auth }: Reach): boolean {
  return apiKey !== undefined || auth !== undefined;
}

/** One login for all, and all is the whole network. */
function openLogin({ host, source }: Reach, name: string): Problem {
  const isFile = source.kind === 'file';
  return {
    file: isFile ? source.path : 'command line',
    path: isFile ? `mcpServers.${name}.oauth` : '--oauth',
    message: `anyone who reaches ${host} could use the one login of '${name}'`,
    remedy: `set --api-key${isFile ? ', or multi_user: true' : ''}, or say --insecure-open if that is meant`,
  };
}

function unreachable({ host, publicUrlGiven }: Reach): Problem[] {
  if (publicUrlGiven || isLoopbackHost(host)) return [];
  const message = 'people elsewhere cannot finish a login: their browser is sent back to localhost';
  return [flag(message, 'set it to the address that they open, like https://tools.example.org')];
}

/** Whoever holds the key may be anybody, so that nobody's account can be used. */
function nameless({ apiKey, auth }: Reach): Problem[] {
  if (apiKey === undefined || auth !== undefined) return [];
  const message = 'programs that call with the key cannot use servers where each person signs in; browsers can';
  const remedy = "give people accounts or tokens with 'auth', or set multi_user: false";
  return [{ file: 'command line', path: '--api-key', message, remedy }];
}

function readable({ publicUrl }: Reach): Problem[] {
  if (publicUrl.protocol !== 'http:') return [];
  const message = `${publicUrl.origin} is plain http: others on the way can read cookies and take over logins`;
  return [flag(message, 'serve https, with --ssl-certfile or a proxy in front')];
}

function flag(message: string, remedy: string): Problem {
  return { file: 'command line', path: '--public-url', message, remedy };
}
