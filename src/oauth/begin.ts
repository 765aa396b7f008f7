/** The start of a login: from "connect" to the address that the browser is sent to. */
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { digest } from '../identity/compare.ts';
import { identify } from './client-identity.ts';
import type { Clients } from './clients.ts';
import type { Discovery } from './discovery.ts';
import { oauthFetch } from './fetch.ts';
import { FLOW_MS, type Flow, flowCookie, flowId, flowsOf, randomSecret } from './flow.ts';
import type { FlowStore } from './flow-store.ts';
import type { Grants } from './grants.ts';
import type { HandOff } from './hand-off.ts';
import { loginNotOffered } from './login-failures.ts';
import { metadataRejected } from './metadata-errors.ts';
import type { Challenge, Client, Discovered, Grant, Owner, ProtectedServer } from './model.ts';
import { loginAddress } from './paths.ts';
import { initialScope, type ScopeRequest, stepUpScope } from './scope.ts';
import { browserUrl } from './urls.ts';

export interface BeginContext {
  readonly publicBase: string;
  readonly flows: FlowStore;
  readonly clients: Clients;
  readonly discovery: Discovery;
  readonly grants: Grants;
  readonly probe: (server: ProtectedServer) => Promise<Challenge | undefined>;
}

export interface BeginOptions {
  /** False: any browser may end the flow, because its address was told to the operator alone (single-user). */
  readonly bound: boolean;
  /** A local path, checked by the caller. */
  readonly returnTo: string;
  /** Default: `<publicBase>/oauth/<server>/callback`. */
  readonly redirectUri?: string;
  /** Present where the browser came through a link made for `owner`. */
  readonly handOff?: HandOff;
  /** The cookies of the browser: they tell of logins that it began and did not end. */
  readonly cookies?: Readonly<Record<string, string | undefined>>;
}

export interface Begun {
  /** Where the browser goes: http(s), checked. */
  readonly url: URL;
  /** To be set HttpOnly, SameSite=Lax, for the paths below `/oauth/`; absent for an unbound flow. */
  readonly cookie?: { readonly name: string; readonly value: string; readonly maxAgeSeconds: number };
}

/** What a login needs to know of its authorization server and of us there. */
interface Prepared {
  readonly discovered: Discovered;
  readonly client: Client;
  readonly isNewClient: boolean;
  readonly redirectUri: string;
  readonly request: ScopeRequest;
}

/** Starts a login (RFC 6749 4.1.1). Rejects with `LoginError`, or `GatewayError` as `probe` and the store do. */
export async function begin(
  context: BeginContext,
  server: ProtectedServer,
  owner: Owner,
  options: BeginOptions,
): Promise<Begun> {
  const prepared = await prepare(context, server, owner, options);
  const state = randomSecret();
  const cookie = options.bound ? randomSecret() : undefined;
  const flow: Flow = {
    ...flowOf(server, prepared),
    owner,
    ...handedOff(owner, options.handOff),
    ...(cookie === undefined ? {} : { browser: digest(cookie).toString('base64url') }),
    returnTo: options.returnTo,
  };
  const url = await authorizationUrl(server, prepared, flow, state);
  checkElsewhere(url, context.publicBase);
  const id = flowId(state);
  await context.flows.put(id, flow);
  if (cookie === undefined) return { url };
  return { url, cookie: { name: flowCookie(id), value: cookie, maxAgeSeconds: FLOW_MS / 1000 } };
}

/** Without a link the browser is the person whose grant it becomes. */
function handedOff(
  owner: Owner,
  handOff: HandOff | undefined,
): Pick<Flow, 'person' | 'confirm' | 'byCookie' | 'label'> {
  if (handOff === undefined) return { person: owner };
  const { person, confirm, byCookie = false, label } = handOff;
  return { ...(person === undefined ? {} : { person }), confirm, byCookie, label };
}

async function prepare(
  context: BeginContext,
  server: ProtectedServer,
  owner: Owner,
  options: BeginOptions,
): Promise<Prepared> {
  const { publicBase, clients, grants, discovery } = context;
  const redirectUri = options.redirectUri ?? loginAddress(publicBase, server.name, 'callback');
  const fetch = oauthFetch(server);
  const challenge = await context.probe(server);
  const discovered = await discovery.discover(server, challenge, fetch);
  if (challenge === undefined && isGuessed(server, discovered)) throw loginNotOffered(server);
  const suspect = await suspectClient(context, server, discovered.issuer, redirectUri, options.cookies ?? {});
  const place = { server, discovered, redirectUri, publicBase, fetch };
  const { client, isNew } = await identify(clients, { ...place, ...(suspect === undefined ? {} : { suspect }) });
  const request = scopeFor(server, challenge, discovered, (await grants.read(server, owner))?.grant);
  return { discovered, client, isNewClient: isNew, redirectUri, request };
}

function flowOf(
  server: ProtectedServer,
  { discovered, client, isNewClient, redirectUri, request }: Prepared,
): Omit<Flow, 'owner' | 'person' | 'confirm' | 'browser' | 'returnTo'> {
  const { issuer, source, resource, metadata } = discovered;
  return {
    server: server.name,
    url: server.url.href,
    codeVerifier: randomSecret(),
    issuer,
    source,
    metadata: flowMetadata(metadata),
    client,
    isNewClient,
    redirectUri,
    ...(resource === undefined ? {} : { resource }),
    ...(request.scope === undefined ? {} : { scope: request.scope }),
    createdAt: Date.now(),
  };
}

/** Nothing says that there is an authorization server, but for our own guess. */
function isGuessed(server: ProtectedServer, { source }: Discovered): boolean {
  return source === 'default-endpoints' && server.oauth.serverUrl === undefined;
}

/**
 * Where an authorization server has forgotten a client, the person sees its error page and comes back: this browser has
 * a flow that did not end. Not where the client was registered for that very flow, so that each flow costs at most one
 * registration; and only with the flow's cookie, so that nobody else can cause one.
 */
async function suspectClient(
  { clients, flows }: BeginContext,
  server: ProtectedServer,
  issuer: string,
  redirectUri: string,
  cookies: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const id of flowsOf(cookies)) {
    const flow = await flows.look(id);
    const isOurs =
      flow !== undefined &&
      flow.server === server.name &&
      flow.browser === digest(cookies[flowCookie(id)] ?? '').toString('base64url');
    if (!isOurs || flow.client.origin !== 'registered' || flow.isNewClient) continue;
    if (await clients.isUnproven({ server, issuer, redirectUri }, flow.client, flow.createdAt)) return flow.client.id;
  }
  return undefined;
}

/** A server must not send people round in circles here. */
function checkElsewhere(url: URL, publicBase: string): void {
  if (!url.href.startsWith(`${publicBase}/oauth/`)) return;
  throw metadataRejected('The sign-in page that the server names is this gateway itself.');
}

/** A step-up asks for everything that was asked for before, and what has been missing since. */
function scopeFor(
  server: ProtectedServer,
  challenge: Challenge | undefined,
  discovered: Discovered,
  grant: Grant | undefined,
): ScopeRequest {
  if (grant?.wantedScope === undefined || grant.issuer !== discovered.issuer) {
    return initialScope(server.oauth, challenge, discovered);
  }
  return stepUpScope([grant.requestedScope, grant.scope, grant.wantedScope], discovered.metadata);
}

function flowMetadata(metadata: Discovered['metadata']): Flow['metadata'] {
  const { issuer, token_endpoint, authorization_response_iss_parameter_supported: hasIssuer } = metadata;
  return {
    issuer,
    ...(token_endpoint === undefined ? {} : { token_endpoint }),
    ...(hasIssuer === undefined ? {} : { authorization_response_iss_parameter_supported: hasIssuer }),
  };
}

/** RFC 6749 4.1.1, RFC 7636 4.3, RFC 8707 2.1; parameters that the endpoint has already stay (RFC 6749 3.1). */
async function authorizationUrl(
  server: ProtectedServer,
  { discovered: { metadata }, request: { prompt } }: Prepared,
  flow: Flow,
  state: string,
): Promise<URL> {
  const url = browserUrl(metadata.authorization_endpoint ?? '', 'authorization_endpoint', server.oauth);
  const parameters = {
    response_type: 'code',
    client_id: flow.client.id,
    redirect_uri: flow.redirectUri,
    state,
    code_challenge: await calculatePKCECodeChallenge(flow.codeVerifier),
    code_challenge_method: 'S256',
    scope: flow.scope,
    resource: flow.resource,
    prompt,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}
