/** The form without a file: one server, named `default`, from the command line. */

import { DEFAULTS } from './defaults.ts';
import { kindOfType, remoteEndpoint } from './endpoint.ts';
import { deepFreeze } from './freeze.ts';
import {
  COMMAND_LINE,
  ConfigError,
  type Configuration,
  type Endpoint,
  type OAuthConfig,
  type Problem,
} from './model.ts';
import { buildOAuth } from './oauth.ts';
import { oauthOddities } from './oauth-oddities.ts';
import { serverHash } from './server.ts';
import { headerFlaw } from './server-schema.ts';

/** What stands behind `--`, with `--type`, `--header` and `--oauth` as they were written. */
export interface SingleSource {
  readonly kind: 'single';
  readonly command: readonly string[];
  readonly type?: string;
  readonly header?: string;
  /** The server wants a login; one serves all callers. */
  readonly oauth?: boolean;
}

/** The name of the one server. */
export const SINGLE_SERVER_NAME = 'default';

/** Takes everything literally: the shell has replaced variables already. */
export function singleConfiguration(source: SingleSource): Configuration {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const flaw = (path: string, message: string, remedy?: string) =>
    problems.push({ file: COMMAND_LINE, path, message, ...(remedy === undefined ? {} : { remedy }) });
  const headers = readHeaders(source.header, flaw);
  const endpoint = buildEndpoint(source, headers, flaw);
  if (endpoint?.kind === 'stdio' && source.header !== undefined) {
    warnings.push({
      file: COMMAND_LINE,
      path: '--header',
      message: 'has no effect on a command; it needs --type and a URL',
    });
  }
  const oauth = source.oauth && endpoint !== undefined ? readLogin(endpoint, flaw, warnings) : undefined;
  if (endpoint === undefined || problems.length > 0) throw new ConfigError(problems);
  const server = {
    name: SINGLE_SERVER_NAME,
    endpoint,
    disabledTools: [],
    timeoutMs: DEFAULTS.mcpServers.timeout * 1000,
    isolation: DEFAULTS.mcpServers.isolation,
    start: DEFAULTS.mcpServers.start,
    ...(oauth === undefined ? {} : { oauth }),
  };
  const servers = new Map([[server.name, deepFreeze({ ...server, hash: serverHash(server) })]]);
  return deepFreeze({ shape: 'mcpServers' as const, servers, gateway: { allowedHosts: [] }, warnings, disabled: [] });
}

type Flaw = (path: string, message: string, remedy?: string) => void;

function buildEndpoint(source: SingleSource, headers: Record<string, string>, flaw: Flaw): Endpoint | undefined {
  const [command = '', ...args] = source.command;
  const kind = kindOfType(source.type ?? 'stdio');
  const isUrl = /^https?:\/\//i.test(command);
  if (kind === undefined) {
    flaw('--type', `'${source.type}' is not a known type`, 'use stdio, sse or streamable-http');
    return undefined;
  }
  if (command === '') {
    flaw('--', 'names no command', 'write the command or URL behind it');
    return undefined;
  }
  if (kind === 'stdio' && !isUrl) {
    return { kind, command, args, env: {}, inheritEnv: true, withheldEnv: [], endsBy: 'stdin' };
  }
  if (!isUrl || !URL.canParse(command)) {
    flaw('--', `'${command}' is not an http:// or https:// URL`, `--type ${source.type} needs one`);
    return undefined;
  }
  if (args.length > 0) flaw('--', 'nothing may follow the URL', 'put options of latchkey before the --');
  // A URL cannot be a program, so without a type it is the transport that succeeded SSE.
  return remoteEndpoint(kind === 'stdio' ? 'http' : kind, command, headers);
}

/** One person at one machine: a login for all, in the browser of this machine. */
function readLogin(endpoint: Endpoint, flaw: Flaw, warnings: Problem[]): OAuthConfig | undefined {
  if (endpoint.kind === 'stdio') {
    flaw('--oauth', 'needs a URL behind --', 'a program on this machine has no login');
    return undefined;
  }
  const oauth = buildOAuth(SINGLE_SERVER_NAME, { multi_user: false });
  for (const { path, message } of oauthOddities(SINGLE_SERVER_NAME, {}, oauth, endpoint)) {
    const place = path[0] === 'headers' ? '--header' : '--';
    warnings.push({ file: COMMAND_LINE, path: place, message });
  }
  return oauth;
}

function readHeaders(text: string | undefined, flaw: Flaw): Record<string, string> {
  if (text === undefined) return {};
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseObject(text, flaw) ?? {})) {
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    const problem = isText ? headerFlaw(name, String(value)) : 'must be a string';
    if (problem === undefined) headers[name] = String(value);
    else flaw('--header', `'${name}' ${problem}`);
  }
  return headers;
}

function parseObject(text: string, flaw: Flaw): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The same answer as for any other text that is not an object; the text itself may be a secret.
  }
  flaw('--header', 'is not a JSON object', `write it like '{"Authorization": "Bearer ..."}'`);
  return undefined;
}
