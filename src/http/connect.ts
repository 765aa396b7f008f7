/** Answers `connect_<server>`: whether the caller's own account is connected, and where to connect it. */
import type { FastifyReply } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { whoAreYou } from '../oauth/errors.ts';
import type { ConnectionStatus } from '../oauth/model.ts';
import type { CallTarget } from './context.ts';

/** One or two sentences, as a JSON string: people and models read them. */
export async function answerConnect(
  gateway: Gateway,
  { server, owner }: CallTarget,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const known = server.guarded !== undefined && owner !== undefined;
  const status = known ? await gateway.logins.status(server.guarded, owner) : undefined;
  const url = gateway.authorizeUrl(server.name);
  const text = owner === undefined ? whoAreYou(server.name, url) : words(server.name, url, status);
  return reply
    .header('cache-control', 'private, no-store')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(text));
}

function words(server: string, url: string, status: ConnectionStatus | undefined): string {
  switch (status?.state) {
    case 'connected': {
      const until =
        status.expiresAt === undefined || status.renews === true ? '' : ` until ${isoMinute(status.expiresAt)}`;
      return `Your account at "${server}" is connected${until}. To connect another one, open ${url} in a browser.`;
    }
    case 'expired':
      return `Your sign-in at "${server}" has ended. Open ${url} in a browser to connect your account again.`;
    default:
      return `Your account at "${server}" is not connected. Open ${url} in a browser to connect it.`;
  }
}

function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
