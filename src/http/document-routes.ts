/** Serves documents: to everybody alike, or to a person with the tools that they have connected. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AnonymousCatalog } from '../config/model.ts';
import type { Identity } from '../identity/authenticators.ts';
import type { Principal } from '../identity/principal.ts';
import type { Rendered } from '../openapi/rendered.ts';
import type { Server } from '../upstream/server.ts';
import { mayStart } from './access.ts';
import { callerAt } from './caller.ts';
import { viewFor } from './document-view.ts';
import type { DocumentOptions, Documents, ServerTools } from './documents.ts';
import { JSON_TYPE } from './media-types.ts';
import { PERSONAL_HEADERS } from './site.ts';
import { FIRST_CONNECT_MS, PERSONAL_CONNECT_MS } from './targets.ts';

/** What decides which tools a caller is shown. */
export interface Reading extends DocumentOptions {
  readonly identity: Identity;
  /** True where nobody but this machine is meant to come in. */
  readonly isLocalOnly: boolean;
}

/** Serves the document at the root; `answerServerDocument` serves the others, whose paths only the router knows. */
export function documentRoutes(app: FastifyInstance, documents: Documents, options: Reading): void {
  const { gateway, single } = options;
  app.get(
    '/openapi.json',
    { schema: { tags: ['documents'], summary: 'The OpenAPI document of all servers' } },
    async (request, reply) => {
      const server = single === undefined ? undefined : gateway.servers.get(single);
      if (server !== undefined) return answerServerDocument(server, { ...options, documents }, request, reply);
      const servers = [...gateway.servers.values()];
      const found = servers.map((one) => toolsFor(one, options, request));
      const rendered = documents.ofAll(areReady(found) ? found : await Promise.all(found));
      return servers.some((one) => one.isPersonal)
        ? sendPersonal(rendered, reply)
        : sendShared(rendered, request, reply);
    },
  );
}

/** Waits for a first connect under way: some clients keep an empty document for ever. */
export async function answerServerDocument(
  server: Server,
  options: Reading & { readonly documents: Documents },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const rendered = options.documents.ofServer(await toolsFor(server, options, request));
  return server.isPersonal ? sendPersonal(rendered, reply) : sendShared(rendered, request, reply);
}

function areReady(found: readonly (ServerTools | Promise<ServerTools>)[]): found is readonly ServerTools[] {
  return !found.some((one) => one instanceof Promise);
}

/** What the caller is shown there; a promise only where that takes connecting or asking. */
function toolsFor(server: Server, options: Reading, request: FastifyRequest): ServerTools | Promise<ServerTools> {
  if (!server.isPersonal) return sharedTools(server, mayStart(request));
  const principal = callerAt(options.identity, options.isLocalOnly, server, request);
  return principal instanceof Promise
    ? principal.then((known) => personalTools(server, known, options, request))
    : personalTools(server, principal, options, request);
}

/** `mayStart`: a server that starts on demand may be started for it. */
function sharedTools(server: Server, mayStart: boolean): ServerTools | Promise<ServerTools> {
  const { catalog } = server;
  if (server.isOnDemand ? !mayStart : !server.isUntried) return { server, catalog };
  const first = server.firstCatalog(FIRST_CONNECT_MS);
  return catalog === undefined ? first.then((listed) => ({ server, catalog: listed })) : { server, catalog };
}

/** A person's own tools; who has none there gets what is for everybody. */
function personalTools(
  server: Server,
  principal: Principal,
  options: Reading,
  request: FastifyRequest,
): ServerTools | Promise<ServerTools> {
  const owner = options.gateway.ownerOf(server, principal);
  const known = owner === undefined ? undefined : server.knownCatalog(owner);
  if (known !== undefined) return { server, catalog: known };
  const view = viewFor(principal, request.hasDocumentKey, options);
  if (owner === undefined) return viewOf(server, view);
  return server.catalogOf(owner, PERSONAL_CONNECT_MS).then(
    (catalog) => ({ server, catalog }),
    () => viewOf(server, view),
  );
}

function viewOf(server: Server, view: AnonymousCatalog): ServerTools {
  return { server, catalog: view === 'learned' ? server.learned : undefined, isHidden: view === 'off' };
}

function sendPersonal({ bytes }: Rendered, reply: FastifyReply): FastifyReply {
  return reply.headers(PERSONAL_HEADERS).type(JSON_TYPE).send(bytes);
}

function sendShared({ bytes, etag }: Rendered, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'no-cache');
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type(JSON_TYPE).send(bytes);
}

/** RFC 9110 13.1.2: a list of tags or `*`, compared weakly. */
function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
