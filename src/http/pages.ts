/** Pages for people, and what else a GET below a server's name answers. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import helmet from '@fastify/helmet';
import statics from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../config/values.ts';
import { publicBase, type RoutingOptions } from '../routing.ts';
import type { Server } from '../upstream/server.ts';
import { gatewayDescription, gatewayName, serverModel, serverModels } from '../web/models.ts';
import { docsPage, homePage, VIEWS } from '../web/views.ts';
import { header } from './context.ts';
import { answerServerDocument, type DocumentOptions, type Documents } from './documents.ts';
import { notFound } from './errors.ts';
import { notTaken } from './methods.ts';
import { placeOf } from './place.ts';

export interface PageOptions extends DocumentOptions {
  readonly documents: Documents;
  readonly routing: RoutingOptions;
  readonly publicUrl: URL;
  readonly warnings: readonly string[];
  /** Whether someone without a credential may read why a server failed: on a personal, loopback-only gateway. */
  readonly personal: boolean;
}

/** Everything comes from ourselves, nothing is inline, nobody may frame us. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

export async function pageRoutes(app: FastifyInstance, options: PageOptions): Promise<void> {
  await app.register(helmet, {
    global: false,
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: options.publicUrl.protocol === 'https:',
  });
  await assetRoutes(app);
  const hide = { schema: { hide: true } };
  app.get(
    '/',
    { schema: { tags: ['pages'], summary: 'The servers and their states; HTML or JSON' } },
    (request, reply) => home(options, request, reply),
  );
  app.get('/docs', hide, (_request, reply) => docs(options, undefined, reply));
  app.get('/redoc', hide, (_request, reply) => reply.redirect(`${options.rootPath}/docs`));
  app.get('/*', hide, (request, reply) => belowServer(options, request, reply));
}

async function assetRoutes(app: FastifyInstance): Promise<void> {
  const swaggerUi = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static');
  const shared = { decorateReply: false, index: false as const, cacheControl: true, maxAge: '1h', schemaHide: true };
  await app.register(statics, { root: join(VIEWS, 'assets'), prefix: '/assets/', ...shared });
  await app.register(statics, { root: swaggerUi, prefix: '/assets/swagger-ui/', ...shared });
}

async function home(options: PageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { gateway, pathPrefix } = options;
  const name = gatewayName(options.title);
  const privy = mayKnow(options, request);
  const servers = serverModels(gateway, pathPrefix, privy);
  if (!wantsHtml(request)) return reply.send({ name, version: options.version, servers });
  const page = homePage({
    heading: name,
    description: gatewayDescription(options.description),
    rootPath: options.rootPath,
    publicUrl: publicBase(options.publicUrl, options.rootPath),
    single: options.single !== undefined,
    servers,
    warnings: privy ? options.warnings : [],
  });
  return sendPage(reply, page);
}

/** Reasons and warnings name files, commands and addresses. A public URL says that others come in through a tunnel or proxy. */
function mayKnow({ personal, publicUrl }: PageOptions, request: FastifyRequest): boolean {
  return request.principal.via !== 'anonymous' || (personal && isLoopbackHost(publicUrl.hostname));
}

/** `GET` below a server's name: its document, its docs page, or a summary; a tool is only for POST. */
async function belowServer(options: PageOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const place = placeOf(options, request.url);
  if (place === undefined) throw notFound();
  const { server, rest } = place;
  if (rest === 'openapi.json') return answerServerDocument(server, options.documents, request, reply);
  if (rest === 'docs') return docs(options, server, reply);
  if (rest === 'redoc' || (rest === '' && wantsHtml(request))) return reply.redirect(docsPath(options, server));
  if (rest === '') {
    return reply.send(serverModel(server, options.pathPrefix, mayKnow(options, request)));
  }
  throw notTaken(place, rest);
}

function docs(options: PageOptions, server: Server | undefined, reply: FastifyReply): FastifyReply {
  const { rootPath, title } = options;
  const documentUrl = server === undefined ? `${rootPath}/openapi.json` : `${serverPath(options, server)}/openapi.json`;
  const heading = `Tools of ${server?.name ?? gatewayName(title)}`;
  return sendPage(reply, docsPage({ heading, rootPath, documentUrl, isRootDocs: server === undefined }));
}

function docsPath(options: PageOptions, server: Server): string {
  return `${serverPath(options, server)}/docs`;
}

function serverPath({ rootPath, pathPrefix }: PageOptions, server: Server): string {
  return `${rootPath}${pathPrefix}${encodeURI(server.name)}`;
}

function wantsHtml(request: FastifyRequest): boolean {
  return header(request, 'accept')?.includes('text/html') === true;
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  reply.helmet();
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(html);
}
