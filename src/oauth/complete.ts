/** The end of a login: from the answer at the callback to the grant in the store, or to a code. */
import type { Log } from '../log-sink.ts';
import type { Clients } from './clients.ts';
import { LoginError } from './errors.ts';
import { requestTokens } from './exchange.ts';
import { oauthFetch } from './fetch.ts';
import { type Flow, flowCookie, flowId } from './flow.ts';
import {
  checkBrowser,
  checkHandOff,
  checkKnown,
  checkPerson,
  checkResponse,
  checkServer,
  checkState,
} from './flow-checks.ts';
import type { FlowStore } from './flow-store.ts';
import type { NewGrant } from './grant.ts';
import type { Waiting } from './hand-off.ts';
import { type KeepContext, keep, orRevoked } from './keep.ts';
import { tokenRequestFailed } from './login-failures.ts';
import type { Owner, ProtectedServer } from './model.ts';
import type { Tokens } from './token-answer.ts';
import type { Unconfirmed, WaitingLogins } from './waiting.ts';

export interface CompleteContext extends KeepContext {
  readonly flows: FlowStore;
  readonly clients: Clients;
  readonly waiting: WaitingLogins;
  readonly log: Log;
}

export interface CallbackRequest {
  readonly server: ProtectedServer;
  /** The query of the callback, as it came. */
  readonly query: URLSearchParams;
  /** The cookies of the browser. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** Who the browser is now. */
  readonly owner: Owner | undefined;
  /** Whom a cookie of somebody else's names now, whom the house knows under an id like the flow's owner; asked only of logins that were begun through a link. */
  readonly cookieOwner?: (owner: Owner) => Promise<Owner | undefined>;
  /** Called once the provider has given its tokens, before anything is kept; what it rejects with ends the login. */
  readonly beforeKept?: () => Promise<void>;
}

export interface Completed {
  readonly owner: Owner;
  readonly returnTo: string;
  /** Of `owner`, for people; only of a login that was begun through a link. */
  readonly label?: string;
  /** Present where nothing is connected yet: `owner` has to bring a code first. */
  readonly waiting?: Waiting;
  /** Name of the flow's cookie, to be cleared. */
  readonly cookie: string;
}

/** A login that went well so lately shows that the client is known. */
const PROVEN_MS = 24 * 60 * 60 * 1000;

/** Ends a login; its `state` is used up in any case. Rejects with `LoginError`, or `GatewayError` `storage_failed`. */
export async function complete(context: CompleteContext, request: CallbackRequest): Promise<Completed> {
  const { server, query, cookies } = request;
  const state = checkState(query);
  const flow = checkKnown(await context.flows.take(flowId(state)));
  checkServer(flow, server);
  checkBrowser(flow, state, cookies);
  checkPerson(flow, request.owner);
  const mustConfirm = checkHandOff(flow, await cookieOwnerOf(flow, request));
  const parameters = await forgettingClient(context, server, flow, () => checkResponse(flow, state, query));
  const tokens = await exchange(context, server, flow, parameters);
  const confirmed = { ...flow, confirm: mustConfirm };
  const waiting = await keepOrPutAside(context, request, confirmed, loginOf(flow, tokens));
  const { issuer, redirectUri, client, owner, label, returnTo } = flow;
  // Only a hint for later: without it a login that is not ended may cost a registration.
  await context.clients.succeeded({ server, issuer, redirectUri }, client).catch(() => undefined);
  context.log.info({ server: server.name, issuer, waits: waiting !== undefined }, 'a login has come to its end');
  const cookie = flowCookie(flowId(state));
  const named = label === undefined ? {} : { label };
  return { owner, returnTo, cookie, ...named, ...(waiting === undefined ? {} : { waiting }) };
}

async function cookieOwnerOf({ owner, label }: Flow, { cookieOwner }: CallbackRequest): Promise<Owner | undefined> {
  return label === undefined ? undefined : cookieOwner?.(owner);
}

/** Undefined: the grant is kept. Otherwise it waits for the code that `owner` has to bring. */
function keepOrPutAside(
  context: CompleteContext,
  { server, beforeKept }: CallbackRequest,
  { owner, confirm = false, label = owner }: Flow,
  login: NewGrant,
): Promise<Waiting | undefined> {
  // Whose tokens they are that wait for a code is not known.
  return orRevoked(context, server, confirm ? undefined : owner, login, async () => {
    await beforeKept?.();
    if (confirm) return putAside(context, server, { owner, label, login });
    await keep(context, server, owner, login);
    return undefined;
  });
}

async function putAside(
  { waiting, onUnwanted }: CompleteContext,
  server: ProtectedServer,
  unconfirmed: Unconfirmed,
): Promise<Waiting> {
  const { waiting: shown, replaced } = await waiting.put(server, unconfirmed);
  if (replaced !== undefined) onUnwanted(server, replaced);
  return shown;
}

/** Some servers say only here that they do not know us; but anybody can write an address that says so. */
async function forgettingClient<R>(
  context: CompleteContext,
  server: ProtectedServer,
  flow: Flow,
  check: () => R,
): Promise<R> {
  try {
    return check();
  } catch (error) {
    const said = error instanceof LoginError ? error.provider?.error : undefined;
    if (said === 'invalid_client' || said === 'unauthorized_client') await forgetUnproven(context, server, flow);
    throw error;
  }
}

/** A client that served somebody lately is known there, whatever an address says. */
async function forgetUnproven({ clients }: CompleteContext, server: ProtectedServer, flow: Flow): Promise<void> {
  const { issuer, redirectUri, client, createdAt } = flow;
  const isSuspect = await clients.isUnproven({ server, issuer, redirectUri }, client, createdAt - PROVEN_MS);
  if (isSuspect) await clients.forget(server, client);
}

async function exchange(
  context: CompleteContext,
  server: ProtectedServer,
  flow: Flow,
  parameters: URLSearchParams,
): Promise<Tokens> {
  const { metadata, client, resource, redirectUri, codeVerifier } = flow;
  const result = await requestTokens(
    { metadata, client, resource, fetch: oauthFetch(server) },
    { kind: 'code', parameters, redirectUri, codeVerifier },
  );
  if ('tokens' in result) return result.tokens;
  if (result.failure === 'client_unknown') await context.clients.forget(server, client);
  if (result.cause instanceof LoginError && result.cause.code === 'address_not_allowed') throw result.cause;
  throw tokenRequestFailed(server.name, result, client.origin === 'configured');
}

function loginOf(flow: Flow, tokens: Tokens): NewGrant {
  const { issuer, source, client, resource, scope } = flow;
  return {
    issuer,
    source,
    client,
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { requestedScope: scope }),
    ...tokens,
  };
}
