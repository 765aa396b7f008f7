/** Asks Open WebUI whose token it is: so tokens that it has revoked do not count, and no secret is shared. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Agent, type Dispatcher, request } from 'undici';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import { FailureLimiter, keyOf } from '../failure-limiter.ts';
import type { Clock } from './known-users.ts';
import { isUserId, labelOf } from './user-id.ts';

/** What Open WebUI says of a token. */
export type Verdict =
  | { readonly kind: 'live'; readonly id: string; readonly label: string | undefined; readonly isAdmin: boolean }
  /** It belongs to a user whom no administrator has let in yet. */
  | { readonly kind: 'pending' }
  /** Expired, revoked, of nobody, or signed by others. */
  | { readonly kind: 'dead' }
  /** Not the session of a person: a program's token, or one that Open WebUI does not take here. */
  | { readonly kind: 'no-session' };

export interface IntrospectionOptions {
  readonly clock: Clock;
  /** For one question as a whole; default 5,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const MOST_AT_ONCE = 50;
/** Of those, for one address: no single one can take all. */
const MOST_OF_ONE = 20;
/** Refused tokens of one address within a minute; anybody can make up more. */
const MOST_REFUSALS = 30;
const MOST_BYTES = 64 * 1024;
/** A client that keeps coming with a dead token must not make us ask each time. */
const REFUSED_MS = 10_000;
const MOST_REFUSED = 1_000;
const RETRY_AFTER = '5';

/** Why there is no verdict, for the log. */
export class NoVerdict extends Error {}

export class Introspection {
  readonly #url: string;
  readonly #log: Log;
  readonly #timeoutMs: number;
  readonly #refused: LRUCache<string, Verdict>;
  /** No connection outlives its question: Open WebUI may be restarted between two. */
  readonly #agent = new Agent({ pipelining: 0 });
  #underWay = 0;
  /** How many of them for each address. */
  readonly #underWayOf = new Map<string, number>();
  readonly #refusals: FailureLimiter;
  #isOutOfReach = false;

  /** `url`: where Open WebUI is, without a trailing slash, name or password; it goes into the log. */
  constructor(url: string, log: Log, { clock, timeoutMs = TIMEOUT_MS }: IntrospectionOptions) {
    this.#url = url;
    this.#log = log;
    this.#timeoutMs = timeoutMs;
    this.#refused = new LRUCache({ max: MOST_REFUSED, ttl: REFUSED_MS, ttlResolution: 0, perf: clock });
    this.#refusals = new FailureLimiter({ most: MOST_REFUSALS, clock });
  }

  /**
   * Rejects with 503 `identity_unavailable` where Open WebUI gives no verdict, or has too much to answer already, and with
   * 429 `too_many_attempts` where too many tokens of `from`, the address of the client, were refused lately.
   * `isOfProgram`: a signature has shown that the token is a program's, so that it counts without being a session.
   */
  async ask(token: string, from: string, isOfProgram = false): Promise<Verdict> {
    const key = hash('sha256', token, 'base64url');
    const refused = this.#refused.get(key);
    if (refused !== undefined) return refused;
    this.#refusals.refuseIfExceeded(from);
    const verdict = await this.#ask(token, keyOf(from));
    if (verdict.kind === 'live') return verdict;
    this.#refused.set(key, verdict);
    if (verdict.kind !== 'no-session' || !isOfProgram) this.#refusals.record(from);
    return verdict;
  }

  async #ask(token: string, address: string): Promise<Verdict> {
    const ofOne = this.#underWayOf.get(address) ?? 0;
    if (this.#underWay >= MOST_AT_ONCE || ofOne >= MOST_OF_ONE) throw unavailable();
    this.#count(address, 1);
    try {
      const verdict = await this.#exchange(token);
      this.#tell(false, { url: this.#url });
      return verdict;
    } catch (error) {
      this.#tell(true, { url: this.#url, reason: reasonOf(error) });
      throw unavailable();
    } finally {
      this.#count(address, -1);
    }
  }

  #count(address: string, change: 1 | -1): void {
    this.#underWay += change;
    const ofOne = (this.#underWayOf.get(address) ?? 0) + change;
    if (ofOne === 0) this.#underWayOf.delete(address);
    else this.#underWayOf.set(address, ofOne);
  }

  async #exchange(token: string): Promise<Verdict> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const { statusCode, body } = await request(`${this.#url}/api/v1/auths/`, {
      dispatcher: this.#agent,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'latchkey',
      },
    });
    return verdictOf(statusCode, await bounded(body));
  }

  /** Once for each time that it goes away or comes back, not for each caller. */
  #tell(isOutOfReach: boolean, fields: object): void {
    if (isOutOfReach === this.#isOutOfReach) return;
    this.#isOutOfReach = isOutOfReach;
    if (isOutOfReach) this.#log.warn(fields, 'Open WebUI does not say who its tokens belong to: check open_webui.url');
    else this.#log.info(fields, 'Open WebUI says again who its tokens belong to');
  }
}

/** What an answer means; throws where it is none of Open WebUI's. */
function verdictOf(status: number, body: string): Verdict {
  if (status === 401) return { kind: 'dead' };
  if (status === 403) return { kind: 'no-session' };
  // A redirect is not followed: the token is for Open WebUI alone.
  if (status !== 200) throw new NoVerdict(`answered ${status}`);
  const user = userOf(body);
  if (!isUserId(user.id)) throw new NoVerdict('answered without the id of a user');
  if (user.role === 'pending') return { kind: 'pending' };
  return { kind: 'live', id: user.id, label: labelOf(user.name, user.email), isAdmin: user.role === 'admin' };
}

/** Any page of a wrong address answers 200, too. */
function userOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // The parser's text quotes the body.
  }
  throw new NoVerdict('answered with something else than a user');
}

/** To the end, whatever the status: half-read answers would keep their connection. */
export async function bounded(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > MOST_BYTES) throw new NoVerdict('answered with more than 64 KiB');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A code or a name: texts of the network stack may hold what was sent. */
export function reasonOf(error: unknown): string {
  if (error instanceof NoVerdict) return error.message;
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : String(name);
}

function unavailable(): GatewayError {
  return new GatewayError(
    'identity_unavailable',
    503,
    'Open WebUI does not answer who you are, so this cannot be done now. Try again in a moment.',
    { headers: { 'retry-after': RETRY_AFTER } },
  );
}
