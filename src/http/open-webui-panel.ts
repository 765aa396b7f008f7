/** The part of the page at `/` that tells an admin how to add the gateway to Open WebUI; nobody else sees it. */
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../settings.ts';
import type { OpenWebuiPanel } from '../web/models.ts';
import { connectionHints, openWebuiConnection } from '../web/open-webui.ts';
import { isAdmin } from './admin.ts';
import type { Site } from './site.ts';

export interface PanelOptions extends Site {
  readonly settings: Settings;
}

/** Undefined where there is nothing to paste, or the request does not come from an admin. */
export function openWebuiPanel(site: PanelOptions, request: FastifyRequest): OpenWebuiPanel | undefined {
  if (!isAdmin(site, request)) return undefined;
  const { settings, gateway } = site;
  const servers = [...gateway.servers.values()].map(({ config }) => config);
  const connection = openWebuiConnection(settings, servers);
  if (connection === undefined) return undefined;
  return {
    id: connection.info.id,
    name: connection.info.name,
    url: connection.url,
    path: connection.path,
    auth: connection.auth_type === 'session' ? 'Session' : 'Bearer, with the API key of latchkey',
    json: JSON.stringify([connection], null, 2),
    hints: connectionHints(settings, connection),
  };
}
