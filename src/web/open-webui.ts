/** The connection that an admin of Open WebUI pastes there: one for all servers. */
import type { ServerConfig } from '../config/model.ts';
import { namesUsers, verifiesTokens } from '../config/open-webui.ts';
import { publicBase } from '../routing.ts';
import { DEFAULT_DESCRIPTION, type Settings } from '../settings.ts';
import { gatewayName } from './models.ts';

/** One item of Open WebUI's `TOOL_SERVER_CONNECTIONS`, in its own words. */
export interface OpenWebuiConnection {
  readonly type: 'openapi';
  /** What the paths of the document follow; without a trailing slash. */
  readonly url: string;
  /** Of the document; holds the document key where there is one. */
  readonly path: string;
  readonly spec_type: 'url';
  readonly spec: '';
  /** `session`: the user's own token comes with each call; `bearer`: the API key, and headers that name the user. */
  readonly auth_type: 'session' | 'bearer';
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly forward_cookies: false;
  readonly config: {
    readonly enable: true;
    readonly function_name_filter_list: '';
    /** Without any only admins would see the tools. */
    readonly access_grants: readonly [{ principal_type: 'user'; principal_id: '*'; permission: 'read' }];
  };
  readonly info: { readonly id: 'latchkey'; readonly name: string; readonly description: string };
}

/** Stands for the API key, which is shown nowhere. */
export const API_KEY_PLACEHOLDER = '<the API key of latchkey>';

/** Undefined where no user of Open WebUI would be known: then there is nothing to paste that works. */
export function openWebuiConnection(
  settings: Settings,
  servers: readonly ServerConfig[],
): OpenWebuiConnection | undefined {
  const auth = authTypeOf(settings, servers);
  if (auth === undefined) return undefined;
  const { documentKey } = settings;
  return {
    type: 'openapi',
    url: publicBase(settings.publicUrl, settings.rootPath),
    path: documentKey === undefined ? 'openapi.json' : `openapi.json?key=${documentKey}`,
    spec_type: 'url',
    spec: '',
    auth_type: auth,
    key: auth === 'bearer' ? API_KEY_PLACEHOLDER : '',
    headers: {},
    forward_cookies: false,
    config: {
      enable: true,
      function_name_filter_list: '',
      access_grants: [{ principal_type: 'user', principal_id: '*', permission: 'read' }],
    },
    info: { id: 'latchkey', name: gatewayName(settings.name), description: describe(settings, servers) },
  };
}

function authTypeOf(settings: Settings, servers: readonly ServerConfig[]): 'session' | 'bearer' | undefined {
  if (verifiesTokens(settings.openWebui)) return 'session';
  if (namesUsers(settings)) return 'bearer';
  return servers.some(({ oauth }) => oauth?.webuiSecretKey !== undefined) ? 'session' : undefined;
}

/** The second line in the picker of tools. */
function describe({ description }: Settings, servers: readonly ServerConfig[]): string {
  if (description !== DEFAULT_DESCRIPTION) return description;
  return `Tools of ${servers.map(({ name }) => name).join(', ')}`;
}

/** What an admin has to know beside the connection itself; a sentence or two each. */
export function connectionHints(
  { publicUrl, publicUrlGiven }: Pick<Settings, 'publicUrl' | 'publicUrlGiven'>,
  connection: Pick<OpenWebuiConnection, 'auth_type'>,
): string[] {
  const port = publicUrl.port === '' ? '' : `:${publicUrl.port}`;
  const fromDocker = `${publicUrl.protocol}//host.docker.internal${port}`;
  return [
    ...(publicUrlGiven
      ? []
      : [`Open WebUI must reach the URL: from Docker it is ${fromDocker}. --public-url sets what is shown here.`]),
    ...(connection.auth_type === 'session'
      ? ['Verify in Open WebUI proves nothing: it sends your token, which reading the tools later does not.']
      : []),
    'access_grants decide who sees the tools: without any, only admins do.',
    'TOOL_SERVER_CONNECTIONS counts at the first start of Open WebUI; later, change the connection there. With Redis, press Save there once tools have changed.',
    'What you change in the settings of latchkey for Open WebUI counts after a restart of latchkey.',
  ];
}
