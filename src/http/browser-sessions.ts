/** The session of a browser as HTTP sees it: one cookie, and a token in each form against forged ones. */
import { Tokens } from '@fastify/csrf';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { digest } from '../identity/compare.ts';
import type { Identified, WebSession, WebSessions } from '../identity/web-sessions.ts';
import { isFetchedElsewhere } from './context.ts';

export interface BrowserSessionsOptions {
  readonly sessions: WebSessions;
  /** Where people reach the gateway, root path included. */
  readonly publicBase: string;
  readonly rootPath: string;
}

/** A cookie that a page sets or clears; always HttpOnly and SameSite=Lax. */
export interface OwnCookie {
  readonly name: string;
  /** Empty: cleared. */
  readonly value: string;
  readonly maxAgeSeconds: number;
  readonly path: string;
}

export class BrowserSessions {
  readonly #options: BrowserSessionsOptions;
  readonly #tokens = new Tokens({ userInfo: false });
  readonly #isSecure: boolean;
  readonly #name: string;

  constructor(options: BrowserSessionsOptions) {
    this.#options = options;
    // `Secure` follows the public URL, not the connection: behind a proxy that ends TLS ours is plain.
    this.#isSecure = options.publicBase.startsWith('https:');
    // Cookies know no ports: two gateways on one host must not overwrite each other's.
    const name = `latchkey_${digest(options.publicBase).toString('hex').slice(0, 8)}`;
    // No other host of the domain, and no plain http, can set one of such a name (RFC 6265bis 4.1.3.2).
    this.#name = this.#isSecure && this.#path === '/' ? `__Host-${name}` : name;
  }

  /**
   * What the request's session cookie holds; undefined where there is none. Throws 400 where there are two: we set one,
   * for all our paths, so another one is of somebody who wants a person to act in his session (cookies know no ports).
   */
  idOf(request: FastifyRequest): string | undefined {
    const { cookie } = request.headers;
    if (cookie?.includes(this.#name) !== true) return undefined;
    const pairs = cookie.split(';').map((pair) => pair.split('=').map((part) => part.trim()));
    const ours = new Set(pairs.filter(([name]) => name === this.#name).map(([, value]) => value));
    if (ours.size > 1) throw twoSessions();
    return cookiesOf(request)[this.#name];
  }

  open(id: string): Promise<WebSession | undefined> {
    return this.#options.sessions.open(id);
  }

  /** False where the session has ended, or has moved to another id. */
  async isAlive({ id }: Identified): Promise<boolean> {
    return (await this.open(id)) !== undefined;
  }

  /** The browser's session, made where it has none yet. Throws where that would overwrite one that does not count here. */
  async ensure(request: FastifyRequest, reply: FastifyReply): Promise<Identified> {
    if (request.browser === undefined && isFetchedElsewhere(request)) throw fromElsewhere();
    const session = request.browser ?? (await this.#options.sessions.create());
    this.#keep(request, reply, session);
    return session;
  }

  /** Notes something in the session, under the same id. */
  async change(request: FastifyRequest, edit: (session: WebSession) => WebSession): Promise<void> {
    if (request.browser === undefined) return;
    const session = await this.#options.sessions.change(request.browser.id, edit);
    if (session !== undefined) request.browser = { id: request.browser.id, session };
  }

  /** Moves the session to a new id: at sign-in, at sign-out, and when a login comes back. */
  async rotate(request: FastifyRequest, reply: FastifyReply, session?: WebSession): Promise<void> {
    if (request.browser === undefined) return;
    const moved = await this.#options.sessions.rotate(request.browser.id, session);
    if (moved !== undefined) this.#keep(request, reply, moved);
  }

  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.browser !== undefined) await this.#options.sessions.destroy(request.browser.id);
    request.browser = undefined;
    this.set(reply, { name: this.#name, value: '', maxAgeSeconds: 0, path: this.#path });
  }

  /** For a hidden `_csrf` field. */
  formToken({ csrf }: WebSession): string {
    return this.#tokens.create(csrf);
  }

  /** Throws where a form that came with a session was not made by us for it. */
  checkForm(request: FastifyRequest, form: URLSearchParams): void {
    const secret = request.browser?.session.csrf;
    if (secret !== undefined && this.#tokens.verify(secret, form.get('_csrf') ?? '')) return;
    if (this.idOf(request) === undefined) throw noCookie(this.#options.publicBase);
    throw new GatewayError('form_expired', 403, 'This page was open for too long. Go back, reload it and try again.');
  }

  set(reply: FastifyReply, { name, value, maxAgeSeconds, path }: OwnCookie): void {
    const text = stringifySetCookie({
      name,
      value,
      path,
      maxAge: maxAgeSeconds,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.#isSecure,
    });
    reply.header('set-cookie', text);
  }

  get #path(): string {
    return this.#options.rootPath === '' ? '/' : this.#options.rootPath;
  }

  #keep(request: FastifyRequest, reply: FastifyReply, identified: Identified): void {
    request.browser = identified;
    // The row ends sooner, when nobody uses it: it is slid by each request, which a cookie cannot be.
    const maxAgeSeconds = Math.ceil(this.#options.sessions.longestMs / 1000);
    this.set(reply, { name: this.#name, value: identified.id, maxAgeSeconds, path: this.#path });
  }
}

function noCookie(publicBase: string): GatewayError {
  const message = `Your browser sent no cookie. Allow cookies for this site, and open it as ${publicBase}/ .`;
  return new GatewayError('form_expired', 403, message);
}

function twoSessions(): GatewayError {
  const message = 'Your browser has two sessions here. Clear the cookies of this site, then try again.';
  return new GatewayError('bad_request', 400, message);
}

export function fromElsewhere(): GatewayError {
  return new GatewayError('origin_not_allowed', 403, 'Pages of other sites may not do this. Open the address itself.');
}

/** All cookies of a request. */
export function cookiesOf(request: FastifyRequest): Readonly<Record<string, string | undefined>> {
  return parseCookie(request.headers.cookie ?? '');
}

/** The fields of a form that was posted; bodies are read as text. */
export function formOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(typeof request.body === 'string' ? request.body : '');
}
