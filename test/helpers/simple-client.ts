/** The simplest OAuth client there is, to try authorization servers with. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type SignIn, signIn } from './sign-in.ts';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

export interface TokenAnswer extends Partial<Tokens> {
  readonly status: number;
  readonly error?: string;
}

/** Public, registered by itself, for one resource; each login and each token request is one call. */
export class SimpleClient {
  readonly issuer: string;
  readonly resource: string;
  readonly callback: string;
  readonly #verifier = randomBytes(32).toString('base64url');
  id = '';

  constructor(issuer: string, resource: string, callback = 'http://127.0.0.1:9/callback') {
    this.issuer = issuer;
    this.resource = resource;
    this.callback = callback;
  }

  async register(): Promise<this> {
    const body = {
      redirect_uris: [this.callback],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    };
    const response = await fetch(`${this.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 201);
    this.id = ((await response.json()) as { client_id: string }).client_id;
    return this;
  }

  authorizeUrl(scope = 'notes:read'): URL {
    const url = new URL(`${this.issuer}/authorize`);
    const challenge = createHash('sha256').update(this.#verifier).digest('base64url');
    url.search = new URLSearchParams({
      client_id: this.id,
      response_type: 'code',
      redirect_uri: this.callback,
      ...(scope === '' ? {} : { scope }),
      resource: this.resource,
      state: 'state',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }).toString();
    return url;
  }

  async login(person: SignIn = {}, scope = 'notes:read'): Promise<Tokens> {
    const callback = await signIn(this.authorizeUrl(scope), person);
    const code = callback.searchParams.get('code');
    assert.ok(code, callback.search);
    const fields = {
      grant_type: 'authorization_code',
      code,
      code_verifier: this.#verifier,
      redirect_uri: this.callback,
    };
    return (await this.token(fields)) as TokenAnswer & Tokens;
  }

  async token(fields: Record<string, string>): Promise<TokenAnswer> {
    const body = new URLSearchParams({ client_id: this.id, resource: this.resource, ...fields });
    const response = await fetch(`${this.issuer}/token`, { method: 'POST', body });
    return { status: response.status, ...((await response.json()) as Tokens) };
  }

  refresh(refresh_token: string): Promise<TokenAnswer> {
    return this.token({ grant_type: 'refresh_token', refresh_token });
  }
}
