/** `GET /oauth/<server>/status`: what the original gateway with logins told, and what one wants to know besides. */
import type { FastifyRequest } from 'fastify';
import type { Server } from '../upstream/server.ts';
import { connectionAt } from './person.ts';
import type { Site } from './site.ts';

/** The first five fields are mcpo's; times are ISO 8601. Nothing in it is a secret. */
export async function loginStatus(
  site: Site,
  server: Server,
  request: FastifyRequest,
): Promise<Record<string, unknown>> {
  const { owner, status, catalog } = await connectionAt(site, server, request);
  return {
    authenticated: status?.state === 'connected',
    server: server.name,
    user_id: owner === undefined ? 'unknown' : shortened(owner),
    session_created: iso(request.browser?.session.createdAt),
    last_activity: status?.state === 'connected' ? iso(Date.now()) : null,
    state: status?.state ?? 'sign-in-first',
    expires_at: iso(status?.expiresAt),
    renews: status?.renews ?? false,
    scope: status?.scope ?? null,
    wanted_scope: status?.wantedScope ?? null,
    issuer: status?.issuer ?? null,
    connected_at: iso(status?.connectedAt),
    tools: catalog?.tools.length ?? null,
    authorize_url: site.gateway.authorizeUrl(server.name),
  };
}

/** Enough to tell two people apart, too little to be one. */
function shortened(owner: string): string {
  return `${owner.slice(owner.indexOf(':') + 1).slice(0, 8)}...`;
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
