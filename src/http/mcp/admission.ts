/** Event streams end soon after their caller would not be let in any more: a token was revoked or has expired, a browser has signed out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { isJwt, isOwnToken } from '../../identity/authenticators.ts';
import { readAuthorization } from '../../identity/authorization.ts';
import type { Principal } from '../../identity/principal.ts';
import { UnderWaySet } from '../../upstream/under-way.ts';
import type { BrowserSessions } from '../browser-sessions.ts';
import { credentialsOf, realmOf } from '../caller.ts';
import { sessionPrincipal } from '../session-principal.ts';
import { type CallerOptions, callersElsewhere, NOWHERE } from './callers-elsewhere.ts';

export interface AdmissionOptions extends CallerOptions {
  readonly sessions: Pick<BrowserSessions, 'open'>;
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** How often every open stream is looked at, in milliseconds. */
const EVERY_MS = 5_000;
/** How many are at once: who verifies tokens may have to ask, and has others to answer. */
const AT_ONCE = 8;
/** How long a client may take to read the rest, in milliseconds. */
const LAST_WORDS_MS = 5_000;

/** The MCP exchanges whose caller came with something that may lose its worth. */
export class OpenStreams {
  readonly #open = new UnderWaySet<Exchange>();
  readonly #options: AdmissionOptions;
  #isLooking = false;

  constructor(app: FastifyInstance, options: AdmissionOptions) {
    this.#options = options;
    const timer = setInterval(() => void this.#look(), EVERY_MS);
    timer.unref();
    app.addHook('onClose', (_app, done) => {
      clearInterval(timer);
      done();
    });
  }

  /** From now on, until it is closed. */
  watch(request: FastifyRequest, reply: FastifyReply): void {
    if (!canLapse(request)) return;
    const number = this.#open.add({ request, reply });
    reply.raw.on('close', () => this.#open.remove(number));
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const left = this.#open.all().filter(isStreaming);
    const work = async (): Promise<void> => {
      for (let exchange = left.pop(); exchange !== undefined; exchange = left.pop()) {
        const code = await this.#lapse(exchange);
        if (code !== undefined) end(exchange, code);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    this.#isLooking = false;
  }

  /** The code of what speaks against the caller now; undefined: nothing does. */
  async #lapse({ request }: Exchange): Promise<string | undefined> {
    try {
      return (await stillHolds(request, this.#options)) ? undefined : 'invalid_credentials';
    } catch (error) {
      // What could not be found out now says nothing against anybody.
      return error instanceof GatewayError && (error.status === 401 || error.status === 403) ? error.code : undefined;
    }
  }
}

/**
 * True while what came with the request makes the same caller of it as it did when it came. Throws 401 or 403 where it
 * counts for nobody any more, anything else where that cannot be told now.
 */
async function stillHolds(request: FastifyRequest, options: AdmissionOptions): Promise<boolean> {
  const { principal, browser, mcp, place } = request;
  const realm = realmOf(place?.server);
  if (browser !== undefined) {
    const session = await options.sessions.open(browser.id);
    if (session === undefined) return false;
    if (sessionPrincipal(session, options.identity, realm).id !== principal.id) return false;
  } else if (principal.via !== 'anonymous') {
    const credentials = credentialsOf(request, options.isLocalOnly);
    const found = await options.identity.authenticate(credentials, realm);
    if (found.id !== principal.id) return false;
  }
  const elsewhere = mcp?.caller?.elsewhere ?? NOWHERE;
  return elsewhere.size === 0 || isSameElsewhere(elsewhere, await callersElsewhere(request, options));
}

/** Servers come and go, which changes nobody. */
function isSameElsewhere(before: ReadonlyMap<string, Principal>, now: ReadonlyMap<string, Principal>): boolean {
  return [...before].every(([server, { id }]) => (now.get(server)?.id ?? id) === id);
}

/** A key or a password lasts as long as this process; a token and a sign-in may not. */
function canLapse({ browser, headers }: FastifyRequest): boolean {
  if (browser !== undefined) return true;
  const authorization = readAuthorization(headers.authorization);
  return isOwnToken(authorization) || isJwt(authorization);
}

function isStreaming({ reply: { raw } }: Exchange): boolean {
  return raw.headersSent && !raw.writableEnded;
}

/** Whose stream it is hears of its close, and does what is done when a client leaves. */
function end({ request, reply: { raw } }: Exchange, code: string): void {
  if (raw.writableEnded) return;
  request.errorCode = code;
  raw.end();
  setTimeout(() => raw.destroy(), LAST_WORDS_MS).unref();
}
