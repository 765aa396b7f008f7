/** Pages for people, and what else a GET below a server's name answers. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import statics from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Server } from '../upstream/server.ts';
import { gatewayName } from '../web/models.ts';
import { docsPage, VIEWS } from '../web/views.ts';
import { isStreamAddress } from './acehoss/contract.ts';
import { wantsHtml } from './context.ts';
import { answerServerDocument } from './document-routes.ts';
import type { Documents } from './documents.ts';
import { notFound } from './errors.ts';
import { beginVisit, connectionOf, type HomeOptions, home, summary } from './home.ts';
import { connectFirst } from './logins.ts';
import type { McpAnswer } from './mcp/routes.ts';
import { isMcpPath } from './mcp/target.ts';
import { notTaken } from './methods.ts';
import { connectionAt, isStranger, signInPath } from './person.ts';
import { frame, sendPage, serverPath } from './site.ts';

export interface PageOptions extends HomeOptions {
  readonly answerMcp: McpAnswer;
  readonly documents: Documents;
}

export async function pageRoutes(app: FastifyInstance, options: PageOptions): Promise<void> {
  await assetRoutes(app);
  const hide = { schema: { hide: true } };
  app.get(
    '/',
    { config: { page: true }, schema: { tags: ['pages'], summary: 'The servers and their states; HTML or JSON' } },
    (request, reply) => home(options, request, reply),
  );
  app.get('/docs', { ...hide, config: { page: true } }, (request, reply) => docs(options, undefined, request, reply));
  app.get('/redoc', hide, (_request, reply) => reply.redirect(`${options.rootPath}/docs`));
  app.get('/*', hide, (request, reply) =>
    request.mcp === undefined ? belowServer(options, request, reply) : options.answerMcp(request, reply),
  );
}

async function assetRoutes(app: FastifyInstance): Promise<void> {
  const swaggerUi = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static');
  const shared = { decorateReply: false, index: false as const, cacheControl: true, maxAge: '1h', schemaHide: true };
  await app.register(statics, { root: join(VIEWS, 'assets'), prefix: '/assets/', ...shared });
  await app.register(statics, { root: swaggerUi, prefix: '/assets/swagger-ui/', ...shared });
}

/** `GET` below a server's name: its document, its docs page, or a summary; a tool is only for POST. */
async function belowServer(options: PageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { place } = request;
  if (place === undefined) throw notFound();
  const { server, rest } = place;
  if (rest === 'openapi.json') return answerServerDocument(server, options, request, reply);
  if (rest === 'docs') return docs(options, server, request, reply);
  if (rest === 'redoc') return reply.redirect(docsPath(options, server));
  // A person at an MCP address: `/` has the addresses, and what to do with them.
  if (isMcpPath(rest) && wantsHtml(request)) return reply.redirect(`${options.rootPath}/`, 303);
  // There is nothing that HEAD could tell of a stream.
  if (request.method === 'HEAD' && isStreamAddress(request)) throw notFound();
  if (rest === '') {
    return wantsHtml(request) ? serverPage(options, server, request, reply) : summary(options, server, request, reply);
  }
  throw notTaken(place, rest);
}

/**
 * A person who opens a server's own address goes to its tools; to Connect at once where they have never been there in
 * this session, so that a refusal or Disconnect cannot lead round in circles.
 */
async function serverPage(
  options: PageOptions,
  server: Server,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { rootPath, visits } = options;
  reply.header('cache-control', 'private, no-store');
  const docs = docsPath(options, server);
  if (server.guarded === undefined) return reply.redirect(docs);
  if (isStranger(options, request)) return reply.redirect(signInPath(rootPath, request.url), 303);
  if (request.browser === undefined && request.headers.authorization === undefined) {
    visits.count(request.ip);
    await beginVisit(options, request, reply);
  }
  const { status } = await connectionAt(options, server, request);
  if (status?.state === 'connected') return reply.redirect(docs, 303);
  const hasTried = request.browser?.session.visited.includes(server.name) === true;
  const first = connectFirst(options, server, docs.slice(rootPath.length));
  return reply.redirect(status?.state === 'needs-login' && !hasTried ? first : `${rootPath}/`, 303);
}

async function docs(
  options: PageOptions,
  server: Server | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { rootPath, title } = options;
  const documentUrl = server === undefined ? `${rootPath}/openapi.json` : `${serverPath(options, server)}/openapi.json`;
  const heading = `Tools of ${server?.name ?? gatewayName(title)}`;
  const connection = server === undefined ? undefined : await connectionOf(options, server, request);
  const connect =
    server !== undefined && connection?.needsPerson === true
      ? {
          words: connection.words,
          url: connectFirst(options, server, docsPath(options, server).slice(rootPath.length)),
        }
      : undefined;
  const isRootDocs = server === undefined;
  return sendPage(reply, docsPage({ ...frame(options, request), heading, documentUrl, isRootDocs, connect }));
}

function docsPath(options: PageOptions, server: Server): string {
  return `${serverPath(options, server)}/docs`;
}
