/** Serves documents: to everybody alike, or to a person with the tools that they have connected. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import type { Rendered } from '../openapi/rendered.ts';
import type { Server } from '../upstream/server.ts';
import type { DocumentOptions, Documents, ServerTools } from './documents.ts';
import { PERSONAL_HEADERS } from './site.ts';
import { FIRST_CONNECT_MS, PERSONAL_CONNECT_MS } from './targets.ts';

/** Serves the document at the root; `answerServerDocument` serves the others, whose paths only the router knows. */
export function documentRoutes(app: FastifyInstance, documents: Documents, options: DocumentOptions): void {
  const { gateway, single } = options;
  app.get(
    '/openapi.json',
    { schema: { tags: ['documents'], summary: 'The OpenAPI document of all servers' } },
    async (request, reply) => {
      const server = single === undefined ? undefined : gateway.servers.get(single);
      if (server !== undefined) return answerServerDocument(server, gateway, documents, request, reply);
      const servers = [...gateway.servers.values()];
      const all = await Promise.all(servers.map((one) => toolsFor(one, gateway, request)));
      const rendered = documents.ofAll(all);
      return servers.some((one) => one.isPersonal)
        ? sendPersonal(rendered, reply)
        : sendShared(rendered, request, reply);
    },
  );
}

/** Waits for a first connect under way: some clients keep an empty document for ever. */
export async function answerServerDocument(
  server: Server,
  gateway: Gateway,
  documents: Documents,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const rendered = documents.ofServer(await toolsFor(server, gateway, request));
  return server.isPersonal ? sendPersonal(rendered, reply) : sendShared(rendered, request, reply);
}

/** What the caller has there; a person who is not connected, or nobody in particular, has none. */
async function toolsFor(server: Server, gateway: Gateway, request: FastifyRequest): Promise<ServerTools> {
  if (!server.isPersonal) return { server, catalog: await server.firstCatalog(FIRST_CONNECT_MS) };
  const owner = gateway.ownerOf(server, request.principal);
  const catalog =
    owner === undefined ? undefined : await server.catalogOf(owner, PERSONAL_CONNECT_MS).catch(() => undefined);
  return { server, catalog };
}

function sendPersonal({ bytes }: Rendered, reply: FastifyReply): FastifyReply {
  return reply.headers(PERSONAL_HEADERS).type('application/json; charset=utf-8').send(bytes);
}

function sendShared({ bytes, etag }: Rendered, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'no-cache');
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(bytes);
}

/** RFC 9110 13.1.2: a list of tags or `*`, compared weakly. */
function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
