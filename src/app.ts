/** The HTTP application: the ordered list of its parts is the map of the house. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { isLoopbackHost } from './config/values.ts';
import type { Gateway } from './gateway.ts';
import { installAccess, installAuthentication } from './http/access.ts';
import { Documents, documentOptions, documentRoutes } from './http/documents.ts';
import { answerError, installErrorHandlers, toGatewayError } from './http/errors.ts';
import { Metrics } from './http/metrics.ts';
import { installRequestLog, opsRoutes } from './http/ops.ts';
import { originPolicy } from './http/origin.ts';
import { pageRoutes } from './http/pages.ts';
import { installRouting, refuseUntaken, toolRoutes } from './http/tools.ts';
import { buildIdentity } from './identity/authenticators.ts';
import { stripRootPath } from './routing.ts';
import type { Settings } from './settings.ts';
import { MAX_MESSAGE_BYTES } from './upstream/wire.ts';

export interface AppOptions {
  readonly gateway: Gateway;
  readonly settings: Settings;
  readonly log: FastifyBaseLogger;
  /** Shown on the page at `/`. */
  readonly warnings: readonly string[];
}

export async function buildApp({ gateway, settings, log, warnings }: AppOptions): Promise<FastifyInstance> {
  const app = newServer(settings, log);
  const { auth } = settings;
  const identity = buildIdentity({ apiKey: settings.apiKey, auth });
  const access = {
    identity,
    policy: originPolicy(settings, identity.required),
    everywhere: identity.required && (settings.strictAuth || auth !== undefined),
  };
  const documented = documentOptions(gateway, settings);
  const routing = { pathPrefix: documented.pathPrefix, single: documented.single };
  const documents = new Documents(documented);
  const metrics = new Metrics(gateway);

  installErrorHandlers(app);
  installRequestLog(app, metrics);
  installAccess(app, access);
  installRouting(app, { gateway, routing });
  installAuthentication(app, access);
  refuseUntaken(app, { gateway, routing });
  await app.register(swagger, {
    openapi: { info: { title: 'The routes of latchkey itself', version: settings.version } },
  });
  app.get('/docs/gateway.json', { schema: { hide: true } }, async () => app.swagger());
  opsRoutes(app, gateway, metrics);
  documentRoutes(app, documents, documented);
  await pageRoutes(app, {
    ...documented,
    documents,
    routing,
    publicUrl: settings.publicUrl,
    warnings,
    personal: !identity.required && isLoopbackHost(settings.host),
  });
  toolRoutes(app);
  return app;
}

function newServer(settings: Settings, log: FastifyBaseLogger): FastifyInstance {
  const { tls, trustProxy, rootPath } = settings;
  const prefix = randomBytes(4).toString('hex');
  let count = 0;
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => `${prefix}-${(++count).toString(36)}`,
    rewriteUrl: (request) => stripRootPath(request.url ?? '/', rootPath),
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    // Our log lines carry the request id themselves: a logger for each request costs more than its lines.
    childLoggerFactory: (logger) => logger,
    frameworkErrors: (error, request, reply) => {
      void answerError(toGatewayError(error, request), request, reply.header('x-request-id', request.id));
    },
    bodyLimit: MAX_MESSAGE_BYTES,
    requestTimeout: 120_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 10_000, ignoreTrailingSlash: true },
    ...(tls === undefined ? {} : { https: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }),
  }) as FastifyInstance;
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
    done();
  });
  return app;
}
