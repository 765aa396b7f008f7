/** Whether what comes to the callback is the answer to the login that it claims to be: pure, in the order of use. */
import { AuthorizationResponseError, validateAuthResponse } from 'oauth4webapi';
import { matchesDigest } from '../identity/compare.ts';
import { oauthClient } from './client-auth.ts';
import { FLOW_MS, type Flow, flowCookie, flowId, isSecret } from './flow.ts';
import {
  answeredWithError,
  flowOfAnotherServer,
  flowUnknown,
  responseRejected,
  serverMoved,
  wrongBrowser,
  wrongPerson,
} from './login-failures.ts';
import type { Owner, ProtectedServer } from './model.ts';
import { providerError } from './provider-text.ts';

type Cookies = Readonly<Record<string, string | undefined>>;

/** 1. Exactly one `state`, of our form: anything else never reaches the store. Throws `flow_unknown`. */
export function checkState(query: URLSearchParams): string {
  const [state, ...more] = query.getAll('state');
  if (state === undefined || more.length > 0 || !isSecret(state)) throw flowUnknown();
  return state;
}

/** 2. Begun, and neither ended nor expired at `now`, whatever the store says of its end. Throws `flow_unknown`. */
export function checkKnown(flow: Flow | undefined, now: number = Date.now()): Flow {
  if (flow === undefined || now > flow.createdAt + FLOW_MS) throw flowUnknown();
  return flow;
}

/** 3. Of this server, which has not moved since. Throws `flow_unknown`. */
export function checkServer(flow: Flow, server: ProtectedServer): void {
  if (flow.server !== server.name) throw flowOfAnotherServer(server);
  if (flow.url !== server.url.href) throw serverMoved(server);
}

/** 4. The browser has the cookie that the flow was begun with. Throws `flow_wrong_browser`. */
export function checkBrowser(flow: Flow, state: string, cookies: Cookies): void {
  if (flow.browser === undefined) return;
  const cookie = cookies[flowCookie(flowId(state))];
  if (cookie === undefined || !matchesDigest(cookie, Buffer.from(flow.browser, 'base64url'))) throw wrongBrowser();
}

/** 5. The browser's person is the one who began. Throws `flow_wrong_person`. */
export function checkPerson(flow: Flow, person: Owner | undefined): void {
  if (flow.browser !== undefined && flow.person !== person) throw wrongPerson();
}

/**
 * 6. Begun through a link: a browser that another cookie names is another person's, whatever flow it was given. Returns
 * whether the owner has to confirm. `cookieOwner`: whom the cookie names now. Throws `flow_wrong_person`.
 */
export function checkHandOff(flow: Flow, cookieOwner: Owner | undefined): boolean {
  if (cookieOwner !== undefined && cookieOwner !== flow.owner) throw wrongPerson();
  return flow.confirm === true || (flow.byCookie === true && cookieOwner === undefined);
}

/**
 * 7. The answer comes from the authorization server of the flow (RFC 9207 2.4) and is a code. Returns the parameters
 * as the code exchange wants them. Throws `response_rejected`, which tells nothing of the answer, or, where the answer
 * is an error of that server (RFC 6749 4.1.2.1), `consent_denied` or `provider_refused`.
 */
export function checkResponse(flow: Flow, state: string, query: URLSearchParams): URLSearchParams {
  // An empty one is no issuer; the library takes it for none.
  if (query.get('iss') === '') throw responseRejected('an empty iss');
  let parameters: URLSearchParams;
  try {
    parameters = validateAuthResponse(flow.metadata, oauthClient(flow.client), query, state);
  } catch (error) {
    if (!(error instanceof AuthorizationResponseError)) throw responseRejected(reasonOf(error));
    const provider = providerError(error.error, error.error_description, [state]);
    if (provider === undefined) throw responseRejected('an empty error');
    throw answeredWithError(flow.server, provider);
  }
  if ((parameters.get('code') ?? '') === '') throw responseRejected('neither code nor error');
  if (parameters.getAll('code').length > 1) throw responseRejected('more than one code');
  return parameters;
}

/** The library's messages are fixed texts; what it attaches to them is not looked at. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'not a valid response';
}
