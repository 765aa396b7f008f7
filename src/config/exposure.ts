/** Whether logins are safe, and can be finished, at the address where the gateway is reached. */

import type { ConfigSource } from './load.ts';
import {
  type AnonymousCatalog,
  COMMAND_LINE,
  type Configuration,
  type FileShape,
  type Problem,
  type ServerConfig,
} from './model.ts';
import { type Guard, isGuarded, namesUsers, verifiesTokens } from './open-webui.ts';
import { connectionAuth, type Surroundings, unverifiedFrom } from './open-webui-ways.ts';
import { dotted } from './tree.ts';
import { isLoopbackHost } from './values.ts';

/** The settings that decide who reaches the gateway, and how. */
export interface Reach extends Guard, Surroundings {
  readonly publicUrlGiven: boolean;
  readonly anonymousCatalog?: AnonymousCatalog;
  readonly documentKey?: string;
  readonly insecureOpen: boolean;
  readonly source: ConfigSource;
  readonly shape: FileShape;
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
  const personal = withLogins.filter(({ oauth }) => oauth?.multiUser === true);
  return {
    problems: isOpen ? shared.map(({ name }) => openLogin(reach, name)) : [],
    warnings: [
      ...(personal.length > 0 ? ofPersonal(reach, personal, [...servers.values()]) : []),
      ...(isLoopbackHost(reach.publicUrl.hostname) ? [] : readable(reach)),
    ],
  };
}

function ofPersonal(reach: Reach, personal: readonly ServerConfig[], all: readonly ServerConfig[]): Problem[] {
  // The others know their callers themselves.
  const hasOthers = personal.some(({ oauth }) => oauth?.webuiSecretKey === undefined);
  return [
    ...unreachable(reach),
    ...(hasOthers ? [...nameless(reach), ...unverified(reach)] : []),
    ...unlisted(reach, all),
  ];
}

/** One login for all, and all is the whole network. */
function openLogin({ host, source, shape }: Reach, name: string): Problem {
  const isFile = source.kind === 'file';
  return {
    file: isFile ? source.path : COMMAND_LINE,
    path: isFile ? dotted([shape, name, 'oauth']) : '--oauth',
    message: `anyone who reaches ${host} could use the one login of '${name}'`,
    remedy: `set --api-key${isFile ? ', or multi_user: true' : ''}, or say --insecure-open if that is meant`,
  };
}

function unreachable(reach: Reach): Problem[] {
  const { host, publicUrlGiven } = reach;
  if (publicUrlGiven || isLoopbackHost(host)) return [];
  const message = 'people elsewhere cannot finish a login: their browser is sent back to localhost';
  const remedy = 'set it to the address that they open, like https://tools.example.org';
  return [{ ...publicUrlOf(reach, message, remedy), isPublic: true }];
}

/** Whoever holds the key may be anybody, so that nobody's account can be used. */
function nameless(reach: Reach): Problem[] {
  const { apiKey, auth, openWebui } = reach;
  if (apiKey === undefined || auth !== undefined || verifiesTokens(openWebui) || namesUsers(reach)) return [];
  const message = 'programs that call with the key cannot use servers where each person signs in; browsers can';
  const remedy = "give people accounts or tokens with 'auth' in the file, or set multi_user: false there";
  return [{ file: '', path: '--api-key', message, remedy }];
}

/** mcpo never verified tokens where no secret was set; here that is not to happen unnoticed. They never stand for a credential. */
function unverified(reach: Reach): Problem[] {
  const from = unverifiedFrom(reach);
  if (from === undefined) return [];
  const url = keyOrFlag(reach, 'open_webui.url', '--open-webui-url');
  const secret = keyOrFlag(reach, 'webui_secret_key', '--webui-secret-key');
  const told = { file: '', path: url };
  if (from === 'anywhere') {
    const message = 'ANYBODY CAN CLAIM TO BE ANYBODY: tokens of Open WebUI are believed without being verified';
    const remedy = `set it, so that Open WebUI is asked, or ${secret}, and remove --no-verify-jwt, or verify_jwt: false in the file`;
    return [{ ...told, message, remedy, isPublic: true }];
  }
  const message = 'tokens of Open WebUI that come from this machine are believed without being verified';
  const remedy = `set it, so that Open WebUI is asked, or ${secret}; verify_jwt: true in the file refuses them`;
  return [{ ...told, message, remedy, isNote: true }];
}

/**
 * Open WebUI reads the documents without a credential, and lets nobody call what is not in them. Where it comes with the
 * API key, the key reads them.
 */
function unlisted(reach: Reach, servers: readonly ServerConfig[]): Problem[] {
  const { host, anonymousCatalog, documentKey } = reach;
  if (isLoopbackHost(host) || anonymousCatalog !== undefined || documentKey !== undefined) return [];
  if (connectionAuth(reach, servers) === 'bearer') return [];
  const message = 'Open WebUI sees only connect_<server> of servers where each person signs in';
  const catalog = keyOrFlag(reach, 'anonymous_catalog', '--anonymous-catalog');
  const remedy = `set one to list their tools in documents that are asked for with it, or say ${catalog}`;
  return [{ file: '', path: keyOrFlag(reach, 'document_key', '--document-key'), message, remedy, isPublic: true }];
}

function readable(reach: Reach): Problem[] {
  const { publicUrl } = reach;
  if (publicUrl.protocol !== 'http:') return [];
  const message = `${publicUrl.origin} is plain http: others on the way can read cookies and take over logins`;
  return [publicUrlOf(reach, message, 'serve https, with --ssl-certfile or a proxy in front')];
}

function publicUrlOf(reach: Reach, message: string, remedy: string): Problem {
  return { file: '', path: keyOrFlag(reach, 'public_url', '--public-url'), message, remedy };
}

/** What is set in a file where there is one. */
function keyOrFlag({ source }: Reach, key: string, flag: string): string {
  return source.kind === 'file' ? key : flag;
}
