/** One request to a token endpoint: a code or a refresh token goes, tokens or a reason come back. */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  customFetch,
  refreshTokenGrantRequest,
  type TokenEndpointRequestOptions,
} from 'oauth4webapi';
import { messageOf } from '../errors.ts';
import { basicCredentials, clientAuth, oauthClient } from './client-auth.ts';
import type { OAuthFetch } from './fetch.ts';
import type { Client } from './model.ts';
import { readTokenAnswer, type TokenResult } from './token-answer.ts';

export type { TokenFailure, TokenRefusal, TokenResult, Tokens } from './token-answer.ts';

export interface TokenRequest {
  /** `issuer` and `token_endpoint` are used; the latter is checked by whoever learned it. */
  readonly metadata: AuthorizationServer;
  readonly client: Client;
  /** RFC 8707, byte for byte; undefined: none is sent. */
  readonly resource: string | undefined;
  readonly fetch: OAuthFetch;
}

/** What tokens are asked for with. */
export type Proof =
  | {
      readonly kind: 'code';
      /** As `validateAuthResponse` of oauth4webapi returned them: it takes no others. */
      readonly parameters: URLSearchParams;
      readonly redirectUri: string;
      readonly codeVerifier: string;
    }
  | { readonly kind: 'refresh'; readonly refreshToken: string };

/**
 * Asks for tokens (RFC 6749 4.1.3 and 6, RFC 7636 4.5, RFC 8707 2.2). Does not throw for anything that the network or
 * the server does, and repeats nothing. `now`, in milliseconds since 1970, is read when the answer is there.
 */
export async function requestTokens(
  request: TokenRequest,
  proof: Proof,
  now: () => number = Date.now,
): Promise<TokenResult> {
  let status: number;
  let text: string;
  try {
    const response = await send(request, proof);
    status = response.status;
    text = await response.text();
  } catch (error) {
    return { failure: 'unreachable', reason: messageOf(error), cause: error };
  }
  return readTokenAnswer(status, text, now(), secretsOf(request.client, proof));
}

function send(request: TokenRequest, proof: Proof): Promise<Response> {
  const { metadata, resource } = request;
  const client = oauthClient(request.client);
  const auth = clientAuth(request.client);
  const options: TokenEndpointRequestOptions = {
    [customFetch]: request.fetch,
    // The rule on plain http is latchkey's own, and stricter where it matters; the library knows only all or nothing.
    [allowInsecureRequests]: true,
    ...(resource === undefined ? {} : { additionalParameters: { resource } }),
  };
  return proof.kind === 'refresh'
    ? refreshTokenGrantRequest(metadata, client, auth, proof.refreshToken, options)
    : authorizationCodeGrantRequest(
        metadata,
        client,
        auth,
        proof.parameters,
        proof.redirectUri,
        proof.codeVerifier,
        options,
      );
}

/** In every form in which they were sent, for servers that repeat the request in their errors. */
function secretsOf(client: Client, proof: Proof): string[] {
  const sent =
    proof.kind === 'refresh' ? [proof.refreshToken] : [proof.parameters.get('code') ?? '', proof.codeVerifier];
  const secrets =
    client.secret === undefined ? sent : [...sent, client.secret, basicCredentials(client.id, client.secret)];
  return secrets.flatMap((secret) => [secret, encodeURIComponent(secret), formEncoded(secret)]);
}

function formEncoded(text: string): string {
  return new URLSearchParams([[text, '']]).toString().slice(0, -1);
}
