/** Pure checks of where a request comes from: `Host` against DNS rebinding, `Origin` against foreign pages. */
import { isIP } from 'node:net';
import type { Settings } from '../settings.ts';
import { takesAnyHost } from './acehoss/contract.ts';

export interface OriginPolicy {
  /** Of the public URL. */
  readonly publicOrigin: string;
  readonly publicHost: string;
  readonly allowedHosts: ReadonlySet<string>;
  /** True where any `Host` is let in. */
  readonly anyHost: boolean;
  /** What `--cors-allow-origins` lists; `*` for all. */
  readonly corsOrigins: ReadonlySet<string>;
  /** True when a caller must prove an identity, so that a foreign page alone can do nothing. */
  readonly credentialRequired: boolean;
}

/** The name in a `Host` header, without port and brackets, in lower case. */
export function hostName(host: string): string {
  const literal = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1];
  if (literal !== undefined) return literal.toLowerCase();
  const colon = host.lastIndexOf(':');
  return (colon === -1 ? host : host.slice(0, colon)).toLowerCase().replace(/\.$/, '');
}

/** Whether a request for `host` is let in. Without one it is HTTP/1.0: browsers always send it. */
export function isHostAllowed(host: string | undefined, policy: OriginPolicy): boolean {
  return host === undefined || host === '' || policy.anyHost || isSafeHost(host, policy);
}

/**
 * DNS rebinding needs a public name that an attacker controls; names that cannot be one are safe: loopback, IP literals,
 * single labels, `.local`, `.internal`, and of course our own.
 */
function isSafeHost(host: string, policy: OriginPolicy): boolean {
  const name = hostName(host);
  if (name === policy.publicHost || policy.allowedHosts.has(name)) return true;
  if (isIP(name) !== 0 || !name.includes('.')) return true;
  return name.endsWith('.localhost') || name.endsWith('.local') || name.endsWith('.internal');
}

export function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || isLoopbackV4(hostname);
}

function isLoopbackV4(hostname: string): boolean {
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

/** The value of `Access-Control-Allow-Origin` for a page at `origin`; undefined: that page may not read us. */
export function corsAnswer(origin: string, policy: OriginPolicy): string | undefined {
  if (policy.corsOrigins.has('*') && policy.credentialRequired) return '*';
  if (policy.corsOrigins.has(origin) || origin === policy.publicOrigin) return origin;
  return policy.corsOrigins.has('*') && isLoopbackOrigin(origin) ? origin : undefined;
}

export interface BrowserSigns {
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
  /** `Host`, as it was sent. */
  readonly host: string | undefined;
}

/**
 * True for a request that a page of somebody else makes where no credential protects us: it must not run a tool,
 * nor read anything. `Origin: null` (a sandboxed frame, a file) is such a page.
 */
export function isForeignPage(signs: BrowserSigns, policy: OriginPolicy): boolean {
  if (policy.credentialRequired || signs.origin === undefined) return false;
  return !isOwnPage(signs, policy) && corsAnswer(signs.origin, policy) === undefined;
}

/** What a browser says of a request that names no origin. */
export interface LoadSigns {
  readonly referer: string | undefined;
  readonly accept: string | undefined;
}

/**
 * True for what a page of somebody else makes a browser load where no credential protects us: an image, a script, a
 * frame. Such a request names no origin, and its page hears nothing of the answer, but a server may have been started for
 * it. `isNavigation`: a person goes there.
 */
export function isForeignLoad(
  signs: BrowserSigns,
  load: LoadSigns,
  isNavigation: boolean,
  policy: OriginPolicy,
): boolean {
  return !policy.credentialRequired && !isNavigation && isSentFromElsewhere(signs, load, policy);
}

/** True where no origin is named that could have been checked, and other signs speak of a page of somebody else. */
export function isSentFromElsewhere(signs: BrowserSigns, load: LoadSigns, policy: OriginPolicy): boolean {
  const { origin, site } = signs;
  if (origin !== undefined) return false;
  if (site !== undefined) return site === 'cross-site' || site === 'same-site';
  // To plain http beyond loopback browsers do not send `Sec-Fetch-Site` (Fetch Metadata 2, trustworthy URLs).
  return isForPage(load.accept) || isOtherPage(load.referer, signs, policy);
}

/** What browsers accept for images, sounds and styles; no program asks us for such. */
function isForPage(accept: string | undefined): boolean {
  return accept !== undefined && /\b(?:image|audio|video|font)\/|\btext\/css\b/i.test(accept) && !isDocument(accept);
}

function isDocument(accept: string): boolean {
  return accept.includes('text/html');
}

function isOtherPage(referer: string | undefined, signs: BrowserSigns, policy: OriginPolicy): boolean {
  if (referer === undefined || !URL.canParse(referer)) return false;
  const { origin } = new URL(referer);
  return !isOwnPage({ ...signs, origin }, policy) && corsAnswer(origin, policy) === undefined;
}

/** Cookies and Basic are sent by browsers unasked; they count only for requests of our own pages, and for typed addresses. */
export function ambientCredentialCounts(signs: BrowserSigns, policy: OriginPolicy): boolean {
  if (signs.origin !== undefined && !isOwnPage(signs, policy)) return false;
  return signs.site === undefined || signs.site === 'none' || signs.site === 'same-origin';
}

/**
 * True for a page of ours: at the public URL, or at the very host that the request goes to. The latter is how people
 * open a gateway at `http://192.168.1.5:8000`; it counts only where no attacker can have a page, whatever is let in.
 */
function isOwnPage({ origin, host }: BrowserSigns, policy: OriginPolicy): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  if (origin === policy.publicOrigin || isLoopbackTwin(origin, policy)) return true;
  if (host === undefined || !isSafeHost(host, policy)) return false;
  return /^https?:/.test(origin) && new URL(origin).host === host.toLowerCase();
}

/** `http://127.0.0.1:8000` and `http://localhost:8000` are both ours when the public URL is a loopback one. */
function isLoopbackTwin(origin: string, policy: OriginPolicy): boolean {
  if (!isLoopbackOrigin(origin) || !isLoopbackOrigin(policy.publicOrigin)) return false;
  return new URL(origin).port === new URL(policy.publicOrigin).port;
}

/** The policy that settings ask for. */
export function originPolicy(settings: Settings, credentialRequired: boolean): OriginPolicy {
  const { publicUrl } = settings;
  return {
    publicOrigin: publicUrl.origin,
    publicHost: hostName(publicUrl.host),
    allowedHosts: new Set(settings.allowedHosts.map((host) => hostName(host))),
    anyHost: takesAnyHost(settings),
    corsOrigins: new Set(settings.corsAllowOrigins),
    credentialRequired,
  };
}
