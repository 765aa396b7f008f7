/** What the person at the browser is told when a login does not come to its end. */
import { LoginError } from './errors.ts';
import type { ProtectedServer } from './model.ts';
import type { ProviderError } from './provider-text.ts';
import type { TokenFailure, TokenRefusal } from './token-answer.ts';

const AGAIN = 'Connect again.';

export function flowUnknown(): LoginError {
  return new LoginError({
    code: 'flow_unknown',
    status: 400,
    title: 'This login has expired',
    message: 'It was ended already, or it took longer than ten minutes.',
    remedy: AGAIN,
    retry: true,
  });
}

export function flowOfAnotherServer(server: ProtectedServer): LoginError {
  return new LoginError({
    code: 'flow_unknown',
    status: 400,
    title: 'This login is for another server',
    message: `The answer that came is not for a login at "${server.name}".`,
    remedy: AGAIN,
    retry: true,
  });
}

export function serverMoved(server: ProtectedServer): LoginError {
  return new LoginError({
    code: 'flow_unknown',
    status: 400,
    title: 'The server has moved',
    message: `The address of "${server.name}" was changed while you signed in.`,
    remedy: AGAIN,
    retry: true,
  });
}

export function wrongBrowser(): LoginError {
  return new LoginError({
    code: 'flow_wrong_browser',
    status: 403,
    title: 'This login was begun in another browser',
    message: 'A login has to end in the browser that it was begun in, and that browser has to accept cookies.',
    remedy: 'Connect again in this browser, and only if you meant to.',
    retry: true,
  });
}

export function wrongPerson(): LoginError {
  return new LoginError({
    code: 'flow_wrong_person',
    status: 403,
    title: 'This login was begun by somebody else',
    message: 'You signed in or out at this gateway while the login was under way.',
    remedy: 'Connect again as the person that you are now.',
    retry: true,
  });
}

/** `reason` is for the log, and must hold nothing of the answer. */
export function responseRejected(reason: string): LoginError {
  return new LoginError({
    code: 'response_rejected',
    status: 400,
    title: 'The answer cannot be trusted',
    message: 'What came back is not a proper answer of the authorization server that you were sent to.',
    remedy: 'Connect again. If this happens again, tell the operator of this gateway.',
    privateDetail: reason,
    retry: true,
  });
}

export function answeredWithError(serverName: string, provider: ProviderError): LoginError {
  if (provider.error === 'access_denied') {
    return new LoginError({
      code: 'consent_denied',
      status: 403,
      title: 'Access was not granted',
      message: `The authorization server did not let this gateway use "${serverName}" for you.`,
      remedy: 'If you did not mean to say no, connect again.',
      provider,
      retry: true,
    });
  }
  return new LoginError({
    code: 'provider_refused',
    status: 502,
    title: 'The authorization server refused the login',
    message: `It ended the login at "${serverName}" with an error.`,
    remedy: 'Try again later, or show this to the operator of this gateway.',
    provider,
    retry: true,
  });
}

const TOKEN_REMEDIES: Readonly<Record<TokenFailure, string>> = {
  invalid_grant: AGAIN,
  client_unknown: AGAIN,
  invalid_target: 'Tell the operator of this gateway to check oauth.resource.',
  refused: 'Connect again. If this happens again, tell the operator of this gateway.',
  unreachable: 'Try again later.',
};

/** `isConfigured`: the client is the operator's, so that trying again does not help. */
export function tokenRequestFailed(serverName: string, refusal: TokenRefusal, isConfigured: boolean): LoginError {
  const { failure, provider, reason } = refusal;
  const isOperators = failure === 'client_unknown' && isConfigured;
  return new LoginError({
    code: 'token_request_failed',
    status: 502,
    title: 'The login could not be completed',
    message:
      failure === 'client_unknown'
        ? `The authorization server of "${serverName}" does not know this gateway.`
        : `The authorization server of "${serverName}" gave no access token.`,
    remedy: isOperators
      ? 'Tell the operator of this gateway to check oauth.client_id and oauth.client_secret.'
      : TOKEN_REMEDIES[failure],
    ...(provider === undefined ? {} : { provider }),
    privateDetail: `${failure}: ${reason}`,
    retry: !isOperators && failure !== 'invalid_target',
  });
}

export function loginNotOffered(server: ProtectedServer): LoginError {
  return new LoginError({
    code: 'login_not_offered',
    status: 409,
    title: 'There is nothing to sign in to',
    message: `"${server.name}" asks for no login and names no authorization server.`,
    remedy: 'Tell the operator of this gateway to remove "oauth" from this server, or to set oauth.server_url.',
  });
}

export function usedWithoutLogin(serverName: string): LoginError {
  return new LoginError({
    code: 'login_not_offered',
    status: 404,
    title: 'There is nothing to sign in to',
    message: `Nobody signs in at "${serverName}": it is used without a login.`,
    remedy: 'Go back to the servers; its tools are there for you.',
  });
}

export function tookTooLong(serverName: string): LoginError {
  return new LoginError({
    code: 'discovery_failed',
    status: 502,
    title: 'The sign-in takes too long',
    message: `"${serverName}" or its authorization server did not answer in time.`,
    remedy: 'Try again in a while. If it stays like this, tell the operator of this gateway.',
    retry: true,
  });
}
