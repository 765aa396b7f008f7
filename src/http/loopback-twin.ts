/** One name for one machine: cookies do not cross from `127.0.0.1` to `localhost`, so people are sent to the public name. */
import type { FastifyInstance } from 'fastify';
import { isLoopbackHost } from '../config/values.ts';
import { header, isNavigation } from './context.ts';
import { hostName } from './origin.ts';
import type { Site } from './site.ts';

/**
 * The origin where a browser should be instead; undefined where it is right. Only between loopback names with the same
 * port: anything else may be a tunnel or a forwarded port, where the public name leads elsewhere.
 */
export function twinOf(host: string | undefined, publicUrl: URL): string | undefined {
  if (host === undefined || !isLoopbackHost(publicUrl.hostname)) return undefined;
  const origin = `${publicUrl.protocol}//${host}`;
  if (!URL.canParse(origin) || !isLoopbackHost(hostName(host))) return undefined;
  const { port, hostname } = new URL(origin);
  return port === publicUrl.port && hostname !== publicUrl.hostname ? publicUrl.origin : undefined;
}

/** Where nobody has a session any name will do. */
export function installTwinRedirect(app: FastifyInstance, { gateway, publicUrl, rootPath, identity }: Site): void {
  const hasSessions = (): boolean => identity.required || gateway.hasLogins;
  app.addHook('onRequest', (request, reply, done) => {
    const twin = isNavigation(request) ? twinOf(header(request, 'host'), publicUrl) : undefined;
    if (twin === undefined || !hasSessions()) return done();
    reply.header('cache-control', 'no-store').redirect(`${twin}${rootPath}${request.url}`, 307);
  });
}
