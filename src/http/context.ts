/** What the hooks learn about a request before its handler runs. */
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.ts';
import type { Identified } from '../identity/web-sessions.ts';
import type { McpCaller } from '../mcp/caller.ts';
import type { Owner } from '../oauth/model.ts';
import type { Place } from '../routing.ts';
import type { Tool } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';

export interface CallTarget {
  readonly server: Server;
  /** What the path says behind the server's name. */
  readonly rest: string;
  /** Undefined where the server is known but not this tool. */
  readonly tool: Tool | undefined;
  /** Whose grant the call uses, where each person signs in. */
  readonly owner?: Owner;
  /** True for the operation that tells how to connect. */
  readonly isConnect?: boolean;
}

/** An MCP endpoint, and what came in there. */
export interface McpTarget {
  /** Streamable HTTP and 2026-07-28, or HTTP+SSE of 2024-11-05. */
  readonly via: 'mcp' | 'sse';
  /** Undefined: all of them. */
  readonly server: Server | undefined;
  /** All that there are. */
  readonly servers: ReadonlyMap<string, Server>;
  /** Known once the request has been authenticated. */
  caller?: McpCaller;
  /** For the log: of the first request, where it is one that the specification names. */
  method?: string;
  /** For the log: what is called, where it is a tool that its server lists. */
  called?: Called | undefined;
}

export interface Called {
  readonly server: Server;
  readonly tool: Tool;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
    /** The template of the route that the path leads to; undefined where there is none. */
    route: string | undefined;
    /** The session that the browser's cookie names, where cookies count for this request. */
    browser: Identified | undefined;
    /** Which server the path names: by the router's own rules, or as one of our routes that belong to a server. */
    place: Place<Server> | undefined;
    /** True where this asks for a document and shows the `document_key`. */
    hasDocumentKey: boolean;
    /** For POST: which tool of which server the path names. */
    target: CallTarget | undefined;
    /** Where the path names an MCP endpoint. */
    mcp: McpTarget | undefined;
    /** For the log: stable code of the error that was answered. */
    errorCode: string | undefined;
  }

  interface FastifyInstance {
    /** See `page-headers.ts`. */
    pageHeaders: Readonly<Record<string, string>>;
  }

  interface FastifyContextConfig {
    /** True where people come with a browser: errors are pages for them, and cookies count when they navigate here. */
    page?: boolean;
  }
}

/** The route of everything that is none of our own. */
export const BELOW_SERVERS = '/*';

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

/** Somebody at a browser rather than a program. */
export function wantsHtml(request: FastifyRequest): boolean {
  return header(request, 'accept')?.includes('text/html') === true;
}

/** What a page of somebody else makes a browser fetch (Fetch Metadata, `Sec-Fetch-Site`); going to one of our pages is none. */
export function isFetchedElsewhere(request: FastifyRequest): boolean {
  const site = header(request, 'sec-fetch-site');
  return site !== undefined && site !== 'none' && site !== 'same-origin' && !isNavigation(request);
}

/** A browser window that goes to the address, rather than a page that fetches or frames it. */
export function isNavigation(request: FastifyRequest): boolean {
  if (request.method !== 'GET' || header(request, 'sec-fetch-mode') !== 'navigate') return false;
  const destination = header(request, 'sec-fetch-dest');
  return destination === undefined || destination === 'document';
}
