/** What a path names: before authentication which server and, where all share them, which tool; after it the tools of one person. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/principal.ts';
import { identityRequired } from '../oauth/errors.ts';
import type { Owner } from '../oauth/model.ts';
import { isConnectPath } from '../openapi/connect.ts';
import { decodePath, findPlace, type Place, type RoutingOptions } from '../routing.ts';
import { type Catalog, toolAt } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';
import { isStreamAddress } from './acehoss/contract.ts';
import { API, apiPlace } from './acehoss/path.ts';
import { BELOW_SERVERS, type CallTarget, type McpTarget, rawPath, wantsHtml } from './context.ts';
import { notFound } from './errors.ts';
import { ALL_SERVERS, mcpTarget } from './mcp/target.ts';

export interface PlaceOptions {
  readonly gateway: Gateway;
  readonly routing: RoutingOptions;
}

/** How long a caller waits for a server that has never been connected. */
export const FIRST_CONNECT_MS = 5_000;
/** How long a person waits for their own connection to come up. */
export const PERSONAL_CONNECT_MS = 8_000;

/** The routes of all logins, and what their paths begin with. */
export const LOGINS = '/oauth/*';
export const LOGIN_PREFIX = '/oauth/';

/** Undefined where the path names no server, or its escapes are malformed. */
export function placeOf({ gateway, routing }: PlaceOptions, url: string): Place<Server> | undefined {
  const path = decodePath(rawPath(url));
  return path === undefined ? undefined : findPlace(gateway.servers, path, routing);
}

function placeFor({ route, url }: FastifyRequest, options: PlaceOptions): Place<Server> | undefined {
  if (route === LOGINS) return loginPlace(options.gateway, url);
  if (route === API) return apiPlace(options.gateway, url);
  return route === BELOW_SERVERS || route === ALL_SERVERS ? placeOf(options, url) : undefined;
}

function mcpFor(request: FastifyRequest, gateway: Gateway): McpTarget | undefined {
  if (request.route === API) return undefined;
  // A person is shown the way.
  if (request.method === 'GET' && wantsHtml(request)) return undefined;
  return mcpTarget(request, gateway, isStreamAddress(request));
}

/** The name is everything between the prefix and the last segment: names may hold slashes. */
function loginPlace({ servers }: Gateway, url: string): Place<Server> | undefined {
  const path = decodePath(rawPath(url))?.replace(/\/$/, '') ?? '';
  const end = path.lastIndexOf('/');
  const server = servers.get(path.slice(LOGIN_PREFIX.length, Math.max(end, LOGIN_PREFIX.length)));
  return server === undefined ? undefined : { server, rest: path.slice(end + 1) };
}

/** RFC 9728 3, RFC 8414 3 and OpenID Connect Discovery 4, whose path comes last. */
const METADATA =
  /^\/\.well-known\/oauth-(?:protected-resource|authorization-server)(?:\/|$)|\/\.well-known\/openid-configuration(?:\/|$)/;

/**
 * MCP clients look there for a way to sign in. The gateway has none, so this is 404 also where all else needs a
 * credential: to 401 clients say that the server is broken.
 */
function asksForMetadata({ method, url }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && METADATA.test(rawPath(url));
}

/** Resolves what authentication depends on. */
export function installPlaces(app: FastifyInstance, options: PlaceOptions): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (asksForMetadata(request)) throw notFound();
    mendContentType(request.headers);
    request.place = placeFor(request, options);
    request.mcp = mcpFor(request, options.gateway);
    if (request.mcp !== undefined) return done();
    if (request.route !== BELOW_SERVERS) return done();
    const { place } = request;
    if (request.method !== 'POST' || place === undefined || place.rest === '') return done();
    const { server, rest } = place;
    if (server.isPersonal || server.isOnDemand || server.catalog !== undefined) {
      request.target = { server, rest, tool: server.catalog?.byPath.get(rest) };
      return done();
    }
    // A server in its very first connect: its tools are worth a short wait.
    server.firstCatalog(FIRST_CONNECT_MS).then((catalog) => {
      request.target = { server, rest, tool: catalog?.byPath.get(rest) };
      done();
    }, done);
  });
}

/**
 * Registered after authentication: the tools of a person on a server where each has their own, and those of a server that
 * starts when somebody calls it.
 */
export function installCallerTargets(app: FastifyInstance, gateway: Gateway): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { target, principal } = request;
    if (target === undefined) return done();
    const found = target.server.isPersonal
      ? targetOfPerson(target, gateway.ownerOf(target.server, principal))
      : targetOfAll(target, principal);
    // Nearly always everything is known already.
    if (!(found instanceof Promise)) {
      request.target = found;
      return done();
    }
    found.then((settled) => {
      request.target = settled;
      done();
    }, done);
  });
}

/** The same tools for all: of a server that starts on demand they may have to be read first. */
function targetOfAll(target: CallTarget, principal: Principal): CallTarget | Promise<CallTarget> {
  if (!mayStartFor(target, principal)) return target;
  return target.server
    .firstCatalog(FIRST_CONNECT_MS)
    .then((catalog) => ({ ...target, tool: catalog?.byPath.get(target.rest) }));
}

/** Each person has tools of their own, which only their own connection tells. */
function targetOfPerson(target: CallTarget, owner: Owner | undefined): CallTarget | Promise<CallTarget> {
  const known = owner === undefined ? undefined : target.server.knownCatalog(owner);
  return owner === undefined || known === undefined
    ? connectedTarget(target, owner)
    : personalTarget(target, owner, known);
}

/**
 * Whether a server that starts on demand may be started to learn if it has the tool that is called. Where nothing is known of
 * its tools, every call has had to show what lets it in. A list that came a moment later does not say whether this one had.
 */
export function mayStartFor({ server, tool }: CallTarget, { via }: Principal): boolean {
  return server.isOnDemand && tool === undefined && (server.catalog === undefined || via !== 'anonymous');
}

/** Connects for the person if need be. Throws what they have to do first, unless they just ask for that. */
async function connectedTarget(target: CallTarget, owner: Owner | undefined): Promise<CallTarget> {
  const { server } = target;
  const asksHow = isConnectPath(target.rest, server.name, undefined);
  try {
    if (owner === undefined) throw identityRequired(server.name);
    return personalTarget(target, owner, await server.catalogOf(owner, PERSONAL_CONNECT_MS));
  } catch (error) {
    if (!asksHow || !(error instanceof GatewayError)) throw error;
    return { ...target, ...(owner === undefined ? {} : { owner }), isConnect: true };
  }
}

function personalTarget({ server, rest }: CallTarget, owner: Owner, catalog: Catalog): CallTarget {
  return {
    server,
    rest,
    owner,
    tool: toolAt(rest, catalog, server.learned),
    isConnect: isConnectPath(rest, server.name, catalog),
  };
}

const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[\t ]*(?:;|$)/;

/** To mcpo an empty `Content-Type` is none and a malformed one is not JSON; Fastify would answer 415 to both. */
function mendContentType(headers: FastifyRequest['headers']): void {
  const type = headers['content-type'];
  if (type === '') delete headers['content-type'];
  else if (type !== undefined && !MEDIA_TYPE.test(type)) headers['content-type'] = 'application/octet-stream';
}
