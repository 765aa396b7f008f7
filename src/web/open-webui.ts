/** The connection that an admin of Open WebUI pastes there: one for all servers. */
import type { ServerConfig } from '../config/model.ts';
import { connectionAuth, unverifiedFrom } from '../config/open-webui-ways.ts';
import { isLoopbackHost } from '../config/values.ts';
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
  const auth = connectionAuth(settings, servers);
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

/** The second line in the picker of tools. */
function describe({ description }: Settings, servers: readonly ServerConfig[]): string {
  if (description !== DEFAULT_DESCRIPTION) return description;
  return `Tools of ${servers.map(({ name }) => name).join(', ')}`;
}

/** What an admin has to know beside the connection itself; a sentence or two each. */
export function connectionHints(settings: Settings, connection: Pick<OpenWebuiConnection, 'auth_type'>): string[] {
  return [
    ...(isLoopbackHost(settings.publicUrl.hostname) ? [fromContainer(settings)] : []),
    ...(unverifiedFrom(settings) === 'this machine'
      ? ['Tokens that nobody verifies count only from this machine itself: for a container set open_webui.url.']
      : []),
    ...(connection.auth_type === 'session'
      ? ['Verify in Open WebUI proves nothing: it sends your token, which reading the tools later does not.']
      : [`Replace ${API_KEY_PLACEHOLDER} by the key itself: latchkey shows it nowhere.`]),
    'access_grants decide who sees the tools (Access Control in the form): without any, only admins do.',
    'TOOL_SERVER_CONNECTIONS counts at the first start of Open WebUI; later, change the connection there. With Redis, press Save there once tools have changed.',
    'What you change in the settings of latchkey for Open WebUI counts after a restart of latchkey.',
  ];
}

/** A container has a localhost of its own. */
function fromContainer({ publicUrl, rootPath, host }: Pick<Settings, 'publicUrl' | 'rootPath' | 'host'>): string {
  const url = new URL(publicUrl);
  url.hostname = 'host.docker.internal';
  const listening = isLoopbackHost(host) ? ', and latchkey with --host 0.0.0.0' : '';
  return `Open WebUI in a container: use ${publicBase(url, rootPath)} as the url of the connection (plain Linux Docker: --add-host=host.docker.internal:host-gateway${listening}).`;
}
