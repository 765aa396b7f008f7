/** Signs in as mcpo does, and gives what it then keeps: the token answer, and its registration with every field. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { type AuthorizationServer, type SignIn, signIn } from '../helpers/authorization-server.ts';

export interface LeftByMcpo {
  /** Of `<hash>_tokens.json`. */
  readonly tokens: Record<string, unknown>;
  /** Of `<hash>_client.json`. */
  readonly client: Record<string, unknown>;
}

const CALLBACK = 'http://localhost:3030/callback';

export async function signInAsMcpo(as: AuthorizationServer, resource: string, at: SignIn = {}): Promise<LeftByMcpo> {
  const published = await fetch(`${as.issuer}/.well-known/openid-configuration`);
  const metadata = (await published.json()) as Record<
    'registration_endpoint' | 'authorization_endpoint' | 'token_endpoint',
    string
  >;
  const client = await post(metadata.registration_endpoint, {
    client_name: 'MCPO Client for notes',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  });
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: String(client.client_id),
    redirect_uri: CALLBACK,
    state: 'state-of-mcpo',
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    scope: 'notes:read notes:write offline_access',
    prompt: 'consent',
    resource,
  }).toString();
  const callback = await signIn(url, at);
  const tokens = await post(
    metadata.token_endpoint,
    new URLSearchParams({
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: CALLBACK,
      code_verifier: verifier,
      client_id: String(client.client_id),
      client_secret: String(client.client_secret),
      resource,
    }),
  );
  const { access_token, token_type, expires_in, scope, refresh_token } = tokens;
  const kept = { access_token, token_type, expires_in, scope, refresh_token };
  return { tokens: kept, client: { ...client, client_uri: null, logo_uri: null, jwks: null, software_id: null } };
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const isForm = body instanceof URLSearchParams;
  const answer = await fetch(url, {
    method: 'POST',
    body: isForm ? body : JSON.stringify(body),
    headers: isForm ? {} : { 'content-type': 'application/json' },
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text);
}
