/** The end of a login: from the answer at the callback to the grant in the store. */
import type { Log } from '../log-sink.ts';
import type { Clients } from './clients.ts';
import { LoginError } from './errors.ts';
import { requestTokens } from './exchange.ts';
import { oauthFetch } from './fetch.ts';
import { type Flow, flowCookie, flowId } from './flow.ts';
import { checkBrowser, checkKnown, checkPerson, checkResponse, checkServer, checkState } from './flow-checks.ts';
import type { FlowStore } from './flow-store.ts';
import { type NewGrant, sharesGrant } from './grant.ts';
import type { Grants } from './grants.ts';
import { tokenRequestFailed } from './login-failures.ts';
import type { Grant, Owner, ProtectedServer } from './model.ts';
import type { Tokens } from './token-answer.ts';

export interface CompleteContext {
  readonly flows: FlowStore;
  readonly clients: Clients;
  readonly grants: Grants;
  readonly log: Log;
  /** Called with a grant that was replaced and that nothing else hangs on; to be revoked, without being waited for. */
  readonly onReplaced: (server: ProtectedServer, grant: Grant) => void;
}

export interface CallbackRequest {
  readonly server: ProtectedServer;
  /** The query of the callback, as it came. */
  readonly query: URLSearchParams;
  /** The cookies of the browser. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** Who the browser is now. */
  readonly owner: Owner | undefined;
}

export interface Completed {
  readonly owner: Owner;
  readonly returnTo: string;
  /** Name of the flow's cookie, to be cleared. */
  readonly cookie: string;
}

/** Ends a login; its `state` is used up in any case. Rejects with `LoginError`, or `GatewayError` `storage_failed`. */
export async function complete(context: CompleteContext, request: CallbackRequest): Promise<Completed> {
  const { server, query, cookies } = request;
  const state = checkState(query);
  const flow = checkKnown(await context.flows.take(flowId(state)));
  checkServer(flow, server);
  checkBrowser(flow, state, cookies);
  checkPerson(flow, request.owner);
  const parameters = await forgettingClient(context, server, flow, () => checkResponse(flow, state, query));
  const tokens = await exchange(context, server, flow, parameters);
  await save(context, server, flow, tokens);
  context.log.info({ server: server.name, issuer: flow.issuer }, 'a login has come to its end');
  return { owner: flow.owner, returnTo: flow.returnTo, cookie: flowCookie(flowId(state)) };
}

/** Some servers say only here that they do not know us. */
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
    if (said === 'invalid_client' || said === 'unauthorized_client') await context.clients.forget(server, flow.client);
    throw error;
  }
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

async function save(context: CompleteContext, server: ProtectedServer, flow: Flow, tokens: Tokens): Promise<void> {
  const { issuer, source, client, resource, scope, redirectUri, owner } = flow;
  const login: NewGrant = {
    issuer,
    source,
    client,
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { requestedScope: scope }),
    ...tokens,
  };
  const { grant, replaced } = await context.grants.save(server, owner, login);
  // Only a hint for later: without it a login that is not ended may cost a registration.
  await context.clients.succeeded({ server, issuer, redirectUri }, client).catch(() => undefined);
  if (replaced !== undefined && !sharesGrant(replaced, grant)) context.onReplaced(server, replaced);
}
