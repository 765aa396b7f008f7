/** `latchkey check`: reads the configuration, says what is wrong or odd, and starts nothing. */
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import { describeProblem, type Endpoint, type OAuthConfig, type ServerConfig } from '../config/model.ts';
import { waysInWords } from '../config/open-webui-ways.ts';
import type { Settings } from '../settings.ts';
import { resolveSecrets } from '../storage/secret.ts';
import { load } from './load.ts';

/** Exit code 0; problems leave as ConfigError. */
export async function check(flags: Flags, env: Environment, source: ConfigSource): Promise<number> {
  const { settings, configuration } = await load(flags, env, source);
  for (const warning of [...configuration.warnings, ...settings.warnings]) {
    process.stderr.write(`${warning.isNote === true ? 'note' : 'warning'}: ${describeProblem(warning)}\n`);
  }
  // Only what is wrong with it: no key file is made here.
  resolveSecrets(env, undefined);
  const count = configuration.servers.size;
  const off = configuration.disabled.length === 0 ? '' : `, ${configuration.disabled.length} disabled`;
  process.stdout.write(`The configuration is valid: ${count} ${count === 1 ? 'server' : 'servers'}${off}.\n`);
  for (const server of configuration.servers.values()) {
    process.stdout.write(`  ${server.name}  ${describeEndpoint(server.endpoint)}${describeLogins(server.oauth)}\n`);
  }
  if (settings.shape === 'servers') process.stdout.write(describeStart(settings, [...configuration.servers.values()]));
  const ways = waysInWords(settings, [...configuration.servers.values()]);
  if (ways !== undefined) process.stdout.write(`${ways}.\n`);
  return 0;
}

/** Of a file with `servers`, whose defaults are others. */
function describeStart(settings: Settings, servers: readonly ServerConfig[]): string {
  const { host, port, sessions } = settings;
  const { idleMs, most, mostPerPrincipal } = sessions;
  const namesOf = (start: ServerConfig['start']) =>
    servers.filter((server) => server.start === start).map(({ name }) => name);
  const [always, onDemand] = [namesOf('always'), namesOf('on-demand')];
  return [
    `Listens at ${host}:${port}. Let in: ${callersOf(settings)}.`,
    ...(always.length === 0 ? [] : [`Started with the gateway: ${always.join(', ')}.`]),
    ...(onDemand.length === 0 ? [] : [`Started when somebody needs it: ${onDemand.join(', ')}.`]),
    `Processes of sessions: at most ${mostPerPrincipal} for one caller and ${most} for all; ` +
      `those of /api end after ${idleMs / 60_000} minutes of rest.`,
    '',
  ].join('\n');
}

function callersOf({ apiKey, auth }: Settings): string {
  if (apiKey === undefined && auth === undefined) return 'everybody';
  const { basic = [], bearer = [] } = auth ?? {};
  const ways = [
    ...(apiKey === undefined ? [] : ['the API key']),
    ...(basic.length === 0 ? [] : [`accounts (${basic.length})`]),
    ...(bearer.length === 0 ? [] : [`tokens (${bearer.length})`]),
  ];
  return ways.length === 0 ? 'nobody' : ways.join(', ');
}

/** Without arguments, queries or headers: they may hold secrets. */
function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'stdio') return `stdio  ${endpoint.command}`;
  return `${endpoint.kind === 'http' ? 'streamable-http' : 'sse'}  ${endpoint.url.origin}${endpoint.url.pathname}`;
}

function describeLogins(oauth: OAuthConfig | undefined): string {
  if (oauth === undefined) return '';
  return `  logins: ${oauth.multiUser ? 'each person' : 'one for all'}`;
}
