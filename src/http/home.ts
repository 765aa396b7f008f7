/** The page at `/`: the servers, and which of them the person at the browser has connected. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeProblem, type Problem } from '../config/model.ts';
import type { FailureLimiter } from '../identity/failure-limiter.ts';
import type { Settings } from '../settings.ts';
import type { Server } from '../upstream/server.ts';
import {
  type ConnectionModel,
  connectionModel,
  gatewayDescription,
  gatewayName,
  type NoticeModel,
  type ServerModel,
  serverModel,
  serverModels,
} from '../web/models.ts';
import { type SessionAddresses, sessionAddresses } from '../web/session-addresses.ts';
import { homePage } from '../web/views.ts';
import { isServersFile } from './acehoss/contract.ts';
import { servesApi } from './acehoss/path.ts';
import { mayKnowReasons } from './admin.ts';
import { isFetchedElsewhere, wantsHtml } from './context.ts';
import { allMcp, allMcpUrl, serverMcp, serverMcpUrl } from './mcp-addresses.ts';
import { endOfOthers, offerToStranger } from './open-webui-offer.ts';
import { openWebuiPanel, type PanelOptions } from './open-webui-panel.ts';
import { connectionAt, hasSignInForm, knowsByChat } from './person.ts';
import { frame, loginRoute, PERSONAL_HEADERS, type Site, sendPage } from './site.ts';
import { type TokenSite, tokensPanel } from './token-panel.ts';

export interface HomeOptions extends PanelOptions, TokenSite {
  readonly settings: Settings;
  /** What is odd about the configuration as it is now. */
  readonly warnings: () => readonly Problem[];
  /** Counts visits that made a session. */
  readonly visits: FailureLimiter;
}

/** `notices`: what a form of this page has just done; then it answers with the page. */
export async function home(
  site: HomeOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  notices?: readonly NoticeModel[],
): Promise<FastifyReply> {
  const asPage = notices !== undefined || wantsHtml(request);
  if (asPage) await endOfOthers(site, request, reply);
  if (asPage) await welcome(site, request, reply);
  await afterLogin(site, request);
  const { gateway, pathPrefix } = site;
  const name = gatewayName(site.title);
  const privy = mayKnowReasons(site, request);
  const servers = serverModels(gateway, pathPrefix, privy, await connectionsOf(site, request));
  if (!asPage) {
    const told = servers.map((server) => withAddresses(site, server));
    return sendStatus(site, reply, { name, version: site.version, mcp_url: allMcpUrl(site), servers: told });
  }
  const page = homePage({
    ...(await offerToStranger(site, request, reply)),
    ...frame(site, request),
    heading: name,
    description: gatewayDescription(site.description),
    publicUrl: site.publicBase,
    single: site.single !== undefined,
    servers: servers.flatMap((model) => {
      const server = gateway.servers.get(model.name);
      if (server === undefined) return [];
      return { ...model, ...familiarAddresses(site, model), mcp: serverMcp(site, server, model, request) };
    }),
    allServers: site.single === undefined && servers.length > 0 ? allMcp(site, request) : undefined,
    warnings: warningsFor(site, privy),
    hasLoginForm: !site.identity.required || hasSignInForm(site),
    notices: notices ?? noticesFor(request, servers),
    access: await tokensPanel(site, request),
    openWebui: openWebuiPanel(site, request),
  });
  return sendPage(reply, page);
}

function withAddresses(site: HomeOptions, server: ServerModel): object {
  return { ...server, mcp_url: serverMcpUrl(site, server.path), ...familiarAddresses(site, server) };
}

/** What callers of a file with `servers` know a server by. */
function familiarAddresses(
  { settings, publicBase, routing }: HomeOptions,
  server: ServerModel,
): Partial<SessionAddresses> {
  return isServersFile(settings) ? sessionAddresses(publicBase, server, servesApi(routing)) : {};
}

/** One server as `GET /<server>` tells programs of it. */
export async function summary(
  site: HomeOptions,
  server: Server,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const connection = await connectionOf(site, server, request);
  const model = serverModel(server, site.pathPrefix, mayKnowReasons(site, request), connection);
  return sendStatus(site, reply, withAddresses(site, model));
}

/** Somebody comes from a login: their tools are worth a short wait. */
async function afterLogin(site: HomeOptions, request: FastifyRequest): Promise<void> {
  const { gateway } = site;
  const { connected } = request.query as Record<string, unknown>;
  const server = typeof connected === 'string' ? gateway.servers.get(connected) : undefined;
  if (server?.guarded === undefined || request.browser === undefined) return;
  const { owner, status } = await connectionAt(site, server, request);
  if (owner !== undefined && status?.state === 'connected') await gateway.loggedIn(server, owner);
}

/** A first visit gets a session where there is something to connect and no credential is asked for. */
async function welcome(site: HomeOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { gateway, identity, visits } = site;
  if (request.browser !== undefined) return;
  if (!gateway.hasLogins || identity.required || request.headers.authorization !== undefined) return;
  if (isFetchedElsewhere(request)) return;
  // Sessions are rows in the store: whoever asks for thousands gets the page alone.
  if (visits.isExceeded(request.ip)) return;
  visits.record(request.ip);
  await beginVisit(site, request, reply);
}

/** Makes the session of a visitor, and the request theirs. */
export async function beginVisit(site: Site, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { session } = await site.sessions.ensure(request, reply);
  request.principal = site.principalOf(session);
}

async function connectionsOf(site: HomeOptions, request: FastifyRequest): Promise<Map<string, ConnectionModel>> {
  const connections = new Map<string, ConnectionModel>();
  for (const server of site.gateway.servers.values()) {
    const connection = await connectionOf(site, server, request);
    if (connection !== undefined) connections.set(server.name, connection);
  }
  return connections;
}

export async function connectionOf(
  site: HomeOptions,
  server: Server,
  request: FastifyRequest,
): Promise<ConnectionModel | undefined> {
  if (server.guarded === undefined) return undefined;
  const { owner, status, catalog } = await connectionAt(site, server, request);
  const isConnected = status !== undefined && status.state !== 'needs-login';
  const facts = {
    connectUrl: loginRoute(site, server, 'authorize'),
    // A form needs a session to be safe in.
    disconnectUrl: isConnected && request.browser !== undefined ? loginRoute(site, server, 'disconnect') : undefined,
    shared: !server.isPersonal,
    tools: catalog?.tools.length,
    isDown: owner !== undefined && server.isPersonal && server.isDownFor(owner),
    isFromChat: knowsByChat(site, server),
  };
  return connectionModel(status, facts, Date.now());
}

/** Says once what has just been done; only what the page itself shows to be true. */
function noticesFor(request: FastifyRequest, servers: readonly ServerModel[]): NoticeModel[] {
  const { connected, disconnected, revoked } = request.query as Record<string, unknown>;
  const stateOf = (name: unknown) => servers.find((server) => server.name === name)?.connection?.state;
  if (stateOf(connected) === 'connected') return [{ kind: 'done', text: `Connected to ${String(connected)}.` }];
  if (stateOf(disconnected) === 'needs-login') {
    const rest = revoked === '0' ? ' The provider did not confirm it: look at its own list of connected apps.' : '';
    return [{ kind: 'done', text: `Disconnected from ${String(disconnected)}.${rest}` }];
  }
  return [];
}

function sendStatus(site: Site, reply: FastifyReply, body: object): FastifyReply {
  if (site.gateway.hasLogins) reply.headers(PERSONAL_HEADERS);
  return reply.send(body);
}

/**
 * Most warnings name files, commands or addresses; what concerns everybody who comes here is told to everybody. Notes are
 * for the log: they ask for nothing.
 */
function warningsFor({ warnings }: HomeOptions, privy: boolean): string[] {
  return warnings()
    .filter(({ isNote, isPublic }) => isNote !== true && (privy || isPublic === true))
    .map(describeProblem);
}
