/** What the hooks learn about a request before its handler runs. */
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.ts';
import type { Tool } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';

export interface CallTarget {
  readonly server: Server;
  /** What the path says behind the server's name. */
  readonly rest: string;
  /** Undefined where the server is known but not this tool. */
  readonly tool: Tool | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
    /** For POST: which tool of which server the path names. */
    target: CallTarget | undefined;
    /** For the log: stable code of the error that was answered. */
    errorCode: string | undefined;
  }
}

/** A header that was sent once; undefined where it is absent. */
export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** How often a header stands in the request; Node itself keeps the first of some silently. */
export function countHeader(request: FastifyRequest, name: string): number {
  const { rawHeaders } = request.raw;
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) count += 1;
  }
  return count;
}

/** The raw path without the query. */
export function rawPath(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
