/** `latchkey check`: reads the configuration, says what is wrong or odd, and starts nothing. */
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import { describeProblem, type Endpoint, type OAuthConfig } from '../config/model.ts';
import { waysInWords } from '../config/open-webui-ways.ts';
import { loadAll } from '../settings.ts';
import { resolveSecrets } from '../storage/secret.ts';

/** Exit code 0; problems leave as ConfigError. */
export async function check(flags: Flags, env: Environment, source: ConfigSource): Promise<number> {
  const { settings, configuration } = await loadAll(flags, env, source);
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
  const ways = waysInWords(settings, [...configuration.servers.values()]);
  if (ways !== undefined) process.stdout.write(`${ways}.\n`);
  return 0;
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
