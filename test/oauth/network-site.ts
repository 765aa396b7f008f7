/** A web site on loopback whose every path a test may set, and a configured server to go with it. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { OAuthConfig } from '../../src/config/model.ts';
import { LoginError } from '../../src/oauth/errors.ts';
import type { Resolve } from '../../src/oauth/fetch.ts';
import type { ProtectedServer } from '../../src/oauth/model.ts';
import { listen } from '../helpers/listen.ts';

/** An object is answered as JSON, a number as a bare status, a string as HTML. */
export type Answer = object | number | string | RequestListener;

export class Site {
  readonly origin: string;
  /** By path and query; what is not there is 404. */
  readonly pages: Record<string, Answer> = {};
  /** Method and path of every request, in order. */
  readonly asked: string[] = [];
  /** Of every request, in order. */
  readonly headers: IncomingMessage['headers'][] = [];

  static async start(t: TestContext): Promise<Site> {
    let site: Site | undefined;
    const listening = await listen((request, response) => site?.handle(request, response));
    site = new Site(listening.origin);
    t.after(() => listening.stop());
    return site;
  }

  private constructor(origin: string) {
    this.origin = origin;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    const answer = this.pages[request.url ?? ''] ?? 404;
    if (typeof answer === 'function') {
      (answer as RequestListener)(request, response);
    } else if (typeof answer === 'number') {
      response.writeHead(answer).end();
    } else {
      const isText = typeof answer === 'string';
      response.writeHead(200, { 'content-type': isText ? 'text/html' : 'application/json' });
      response.end(isText ? answer : JSON.stringify(answer));
    }
  }
}

export function protectedServer(url: string, oauth: Partial<OAuthConfig> = {}): ProtectedServer {
  return { name: 'notes', url: new URL(url), oauth: oauthConfig(oauth) };
}

export function oauthConfig(oauth: Partial<OAuthConfig> = {}): OAuthConfig {
  return {
    multiUser: true,
    sessionTimeoutMs: 1_800_000,
    storage: 'store',
    openBrowser: false,
    clientMetadata: {},
    allowInsecureHttp: false,
    ...oauth,
  };
}

/** Metadata of an authorization server that offers all that is needed. */
export function metadataOf(issuer: string, changes: object = {}): object {
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    registration_endpoint: `${base}/register`,
    code_challenge_methods_supported: ['plain', 'S256'],
    ...changes,
  };
}

/** For `assert.rejects` and `assert.throws`: a `LoginError` of this code whose public texts match. */
export function loginError(code: string, text: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof LoginError)) throw error;
    const texts = [error.title, error.message, error.remedy].join(' | ');
    if (error.code === code && text.test(texts)) return true;
    throw new Error(`${error.code}: ${texts}`);
  };
}

/** A resolver that knows these names and counts how often each was asked. */
export function names(known: Record<string, readonly string[]>): Resolve & { readonly calls: string[] } {
  const calls: string[] = [];
  const resolve = async (hostname: string): Promise<readonly string[]> => {
    calls.push(hostname);
    const found = known[hostname];
    if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
    return found;
  };
  return Object.assign(resolve, { calls });
}

export function redirectTo(location: string, status = 302): RequestListener {
  return (_request, response) => response.writeHead(status, { location }).end();
}
