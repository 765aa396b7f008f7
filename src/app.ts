/** The HTTP application: the ordered list of its parts is the map of the house. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Problem } from './config/model.ts';
import { isForThisMachine } from './config/open-webui-ways.ts';
import type { Gateway } from './gateway.ts';
import { installAccess, installLoadCheck } from './http/access.ts';
import { apiRoutes } from './http/acehoss/api.ts';
import { servesApi } from './http/acehoss/path.ts';
import { streamContract } from './http/acehoss/stream.ts';
import { installAuthentication } from './http/authentication.ts';
import { sharesHost } from './http/browser-person.ts';
import { BrowserSessions } from './http/browser-sessions.ts';
import { installDocumentKey } from './http/document-key.ts';
import { documentRoutes } from './http/document-routes.ts';
import { Documents, documentOptions } from './http/documents.ts';
import { answerError, installErrorHandlers, toGatewayError } from './http/errors.ts';
import { isForPerson, sendFailure } from './http/failures.ts';
import { forwardableHeaders, isForwarding } from './http/forwarded-headers.ts';
import { linkFor } from './http/login-link.ts';
import { loginRoutes } from './http/logins.ts';
import { installTwinRedirect } from './http/loopback-twin.ts';
import { installMcpCallers } from './http/mcp/caller.ts';
import { callMeter } from './http/mcp/log.ts';
import { type McpOptions, mcpRoutes } from './http/mcp/routes.ts';
import { Metrics } from './http/metrics.ts';
import { installRequestLog, opsRoutes } from './http/ops.ts';
import { originPolicy } from './http/origin.ts';
import { pageHeaders } from './http/page-headers.ts';
import { pageRoutes } from './http/pages.ts';
import { endQueuedAnswers } from './http/queued-answers.ts';
import { sessionPrincipal } from './http/session-principal.ts';
import { signInRoutes } from './http/sign-in.ts';
import { closeSilentConnections } from './http/silent-connections.ts';
import { type Site, serverPath } from './http/site.ts';
import { installCallerTargets, installPlaces } from './http/targets.ts';
import { canMakeTokens } from './http/token-panel.ts';
import { tokenRoutes } from './http/tokens.ts';
import { refuseUntaken, tokenCounter, toolRoutes } from './http/tools.ts';
import { buildIdentity } from './identity/authenticators.ts';
import { FailureLimiter } from './identity/failure-limiter.ts';
import { howToName, howToShow } from './identity/naming-oneself.ts';
import { openWebuiUsers } from './identity/open-webui/users.ts';
import type { PersonalTokens } from './identity/personal-tokens.ts';
import type { WebSessions } from './identity/web-sessions.ts';
import { McpEndpoints } from './mcp/endpoints.ts';
import { publicBase, stripRootPath } from './routing.ts';
import type { Settings } from './settings.ts';
import { MAX_MESSAGE_BYTES } from './upstream/wire.ts';

export interface AppOptions {
  readonly gateway: Gateway;
  readonly settings: Settings;
  readonly log: FastifyBaseLogger;
  readonly sessions: WebSessions;
  readonly tokens: PersonalTokens;
  /** What is odd about the configuration as it is now, for the page at `/`. */
  readonly warnings: () => readonly Problem[];
}

/** A person clicks; far more than that within a minute is a program. */
const MOST_ATTEMPTS = 60;

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { gateway, settings, log, tokens, warnings } = options;
  const app = newServer(settings, log);
  const site = siteOf(options);
  const { identity, routing } = site;
  const policy = originPolicy(settings, identity.required);
  const limiter = new FailureLimiter();
  const visits = new FailureLimiter({ most: MOST_ATTEMPTS });
  const attempts = new FailureLimiter({ most: MOST_ATTEMPTS });
  const everywhere = identity.required && (settings.strictAuth || settings.auth !== undefined);
  const documents = new Documents(site, log);
  const metrics = new Metrics(gateway);

  closeSilentConnections(app);
  endQueuedAnswers(app);
  installErrorHandlers(app, {
    forPeople: (error, request, reply) => (isForPerson(request) ? sendFailure(site, error, request, reply) : undefined),
    toldTo: async (server, request) => ({
      ...(await linkFor(gateway, server, request)),
      howToName: site.howToName,
    }),
    shape: settings.shape,
    howToShow: howToShow(settings, canMakeTokens({ ...site, settings, tokens }) ? site.publicBase : undefined),
  });
  installRequestLog(app, metrics);
  app.decorate('pageHeaders', pageHeaders(site.publicUrl));
  installAccess(app, policy);
  installPlaces(app, { gateway, routing });
  installTwinRedirect(app, site);
  installDocumentKey(app, { documentKey: settings.documentKey, limiter });
  installAuthentication(app, {
    identity,
    policy,
    sessions: site.sessions,
    limiter,
    everywhere,
    isLocalOnly: site.isLocalOnly,
    isOpenTo: (request) => request.hasDocumentKey,
    rootPath: site.rootPath,
  });
  installMcpCallers(app, site);
  installCallerTargets(app, gateway);
  refuseUntaken(app, { gateway, routing });
  await app.register(swagger, {
    openapi: { info: { title: 'The routes of latchkey itself', version: settings.version } },
  });
  app.get('/docs/gateway.json', { schema: { hide: true } }, async () => app.swagger());
  opsRoutes(app, gateway, metrics);
  documentRoutes(app, documents, site);
  const mcp = mcpOptions(site, settings, log, metrics);
  const answerMcp = mcpRoutes(app, mcp);
  installLoadCheck(app);
  if (servesApi(routing)) apiRoutes(app, { gateway, ...mcp, sessions: site.sessions });
  await pageRoutes(app, { ...site, settings, documents, warnings, visits, tokens, answerMcp });
  tokenRoutes(app, { ...site, settings, warnings, visits, tokens });
  signInRoutes(app, { ...site, limiter, visits });
  loginRoutes(app, { ...site, attempts });
  toolRoutes(app, gateway, site, answerMcp);
  return app;
}

function mcpOptions(site: Site, settings: Settings, log: FastifyBaseLogger, metrics: Metrics): McpOptions {
  const { gateway, howToName } = site;
  const countsTokens = tokenCounter(gateway);
  const onCall = callMeter(gateway, metrics);
  const endpoints = new McpEndpoints({ gateway, log, howToName, onCall, limits: settings.sessions });
  return {
    endpoints,
    headersOf: (request) => (isForwarding(gateway) ? forwardableHeaders(request, countsTokens) : []),
    pathOf: ({ mcp }) => (mcp?.server === undefined ? site.rootPath : serverPath(site, mcp.server)),
    streams: streamContract(settings, endpoints),
  };
}

function siteOf({ gateway, settings, sessions, tokens, log }: AppOptions): Site {
  const openWebui = openWebuiUsers(settings.openWebui, log);
  const identity = buildIdentity({ apiKey: settings.apiKey, auth: settings.auth, openWebui, tokens });
  const documented = documentOptions(gateway, settings);
  const { rootPath, pathPrefix, single } = documented;
  const base = publicBase(settings.publicUrl, settings.rootPath);
  return {
    ...documented,
    identity,
    isLocalOnly: isForThisMachine(settings),
    howToName: howToName(settings),
    principalOf: (session) => sessionPrincipal(session, identity),
    readsOpenWebuiCookie: sharesHost(settings.publicUrl, settings.openWebui),
    sessions: new BrowserSessions({ sessions, publicBase: base, rootPath }),
    routing: { pathPrefix, single },
    publicUrl: settings.publicUrl,
    publicBase: base,
  };
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
