/** HTTP requests of logins: bounded, without cookies, and never to an address more private than the configured server. */
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Response as UndiciResponse, fetch as undiciFetch } from 'undici';
import { isLoopbackHost } from '../config/values.ts';
import { type AddressClass, classOfHost, isAddressAllowed } from './address.ts';
import { LoginError } from './errors.ts';
import { discoveryFailed } from './metadata-errors.ts';
import type { ProtectedServer } from './model.ts';
import { unlessAborted } from './unless-aborted.ts';
import { requestUrl } from './urls.ts';

/** What a request may say; fits what oauth4webapi hands to its `customFetch`. */
export interface OAuthRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | Uint8Array | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Answers are read to their end. Rejects with `LoginError` (`address_not_allowed`, `metadata_rejected`, `discovery_failed`). */
export type OAuthFetch = (url: string, request?: OAuthRequest) => Promise<Response>;

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface OAuthFetchOptions {
  /** For the whole exchange, redirects included; default: 10,000 for GET, 20,000 for the rest. */
  readonly timeoutMs?: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

const DISCOVERY_MS = 10_000;
const TOKEN_REQUEST_MS = 20_000;
const MAX_REDIRECTS = 3;
const MAX_BODY = 1024 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const WITHOUT_BODY = new Set([204, 205, 304]);
/** They describe the body as it was on the wire, or ask for a state that we do not keep. */
const DROPPED_HEADERS = ['content-encoding', 'content-length', 'transfer-encoding', 'set-cookie'];

/** Why an exchange failed, in words for everybody. */
class ExchangeError extends Error {}

/** What one exchange needs to know at each hop. */
interface Exchange {
  readonly server: ProtectedServer;
  readonly signal: AbortSignal;
  readonly addressesOf: (url: URL) => Promise<readonly string[]>;
}

/**
 * The fetch for all that is asked on behalf of one server. GET follows up to three redirects, each checked like the
 * first address; other methods hand a redirect to the caller. No connection outlives its exchange, so that none that
 * the other side has closed meanwhile swallows a token request.
 */
export function oauthFetch(server: ProtectedServer, options: OAuthFetchOptions = {}): OAuthFetch {
  const addressesOf = addressPolicy(server, options.resolve ?? resolveBySystem);
  return (url, request = {}) => {
    const method = request.method ?? 'GET';
    const timeoutMs = options.timeoutMs ?? (method === 'GET' ? DISCOVERY_MS : TOKEN_REQUEST_MS);
    return withDeadline(url, timeoutMs, request.signal, (signal) =>
      follow(url, { ...request, method }, { server, signal, addressesOf }),
    );
  };
}

/** Runs an exchange for at most `timeoutMs`; whatever it fails with becomes a `LoginError`, but for the caller's own abort. */
async function withDeadline(
  url: string,
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new ExchangeError('did not answer in time')), timeoutMs);
  const onAbort = (): void => stop.abort(outer?.reason);
  outer?.addEventListener('abort', onAbort);
  if (outer?.aborted === true) onAbort();
  try {
    return await work(stop.signal);
  } catch (error) {
    if (outer?.aborted === true) throw outer.reason;
    throw error instanceof LoginError ? error : unreachable(url, stop.signal.aborted ? stop.signal.reason : error);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onAbort);
  }
}

/** Known once for each server: who owns its name could else have it answer with another class later. */
const SERVER_CLASSES = new WeakMap<ProtectedServer, AddressClass>();

async function classOfServer(server: ProtectedServer, resolve: Resolve): Promise<AddressClass> {
  const known = SERVER_CLASSES.get(server);
  if (known !== undefined) return known;
  const found = classOfHost(await addresses(server.url, resolve));
  // A name can be made to lead to this machine by whoever owns it; only one that always does opens this machine.
  const kind = found === 'loopback' && !isLoopbackHost(server.url.hostname) ? 'private' : found;
  SERVER_CLASSES.set(server, kind);
  return kind;
}

/** Resolves a URL to the addresses that may be reached; throws where there is none. */
function addressPolicy(server: ProtectedServer, resolve: Resolve): Exchange['addressesOf'] {
  return async (url) => {
    const kind = await classOfServer(server, resolve);
    const allowed = (await addresses(url, resolve)).filter((address) => isAddressAllowed(address, kind));
    if (allowed.length === 0) throw notAllowed(url);
    return allowed;
  };
}

async function follow(start: string, request: OAuthRequest, exchange: Exchange): Promise<Response> {
  let text = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const url = requestUrl(text, hop === 0 ? 'address' : 'redirect', exchange.server.oauth);
    const answer = await ask(url, hop === 0 ? request : withoutCredentials(request), exchange);
    const location = answer.headers.get('location');
    if (request.method !== 'GET' || !REDIRECTS.has(answer.status) || location === null) return answer;
    if (!URL.canParse(location, url.href)) throw new ExchangeError('redirected to something that is not a URL');
    text = new URL(location, url).href;
  }
  throw new ExchangeError(`redirected more than ${MAX_REDIRECTS} times`);
}

async function ask(url: URL, request: OAuthRequest, { signal, addressesOf }: Exchange): Promise<Response> {
  const checked = await unlessAborted(addressesOf(url), signal);
  const agent = new Agent({ connect: { lookup: pinnedTo(checked) }, pipelining: 0 });
  try {
    const answer = await undiciFetch(url, {
      method: request.method ?? 'GET',
      headers: { ...request.headers, 'user-agent': 'latchkey' },
      body: request.body ?? null,
      redirect: 'manual',
      signal,
      dispatcher: agent,
    });
    const headers = new Headers([...answer.headers].filter(([name]) => !DROPPED_HEADERS.includes(name)));
    const body = await bounded(answer);
    return new Response(WITHOUT_BODY.has(answer.status) ? null : body, { status: answer.status, headers });
  } finally {
    await agent.destroy();
  }
}

/** Counts what comes out of decompression. Leaving the loop cancels the rest. */
async function bounded(answer: UndiciResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY) throw new ExchangeError('sent more than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A literal is its own address, because no resolver is asked for it. */
async function addresses(url: URL, resolve: Resolve): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? await resolve(host) : [host];
}

async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/** Connects to what was checked: asking a second time might give another answer. */
function pinnedTo(checked: readonly string[]): LookupFunction {
  const all = checked.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, done) => {
    if (options.all === true) done(null, all);
    else done(null, all[0]?.address ?? '', all[0]?.family);
  };
}

function withoutCredentials(request: OAuthRequest): OAuthRequest {
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'authorization');
  return { ...request, headers: Object.fromEntries(kept) };
}

function notAllowed(url: URL): LoginError {
  return new LoginError({
    code: 'address_not_allowed',
    status: 502,
    title: 'The sign-in leads to a place that is not allowed',
    message: `"${url.hostname}" has an address that is more private than the server itself, so it is not asked.`,
    remedy: 'Tell the operator of this gateway.',
  });
}

/** The detail is a code alone, because texts of the network stack may hold what was sent. */
function unreachable(url: string, error: unknown): LoginError {
  const host = URL.canParse(url) ? `"${new URL(url).hostname}"` : 'The address';
  const what = error instanceof ExchangeError ? error.message : 'could not be reached';
  return discoveryFailed(`${host} ${what}.`, { privateDetail: codeOf(error) });
}

/** The first code on the way to the cause, else the name of the cause. */
function codeOf(error: unknown): string {
  const { code, cause, name } = error as { readonly code?: unknown; readonly cause?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined || cause === null ? String(name) : codeOf(cause);
}
