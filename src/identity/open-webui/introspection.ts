/** Asks Open WebUI whose token it is: so tokens that it has revoked do not count, and no secret is shared. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Agent, type Dispatcher, request } from 'undici';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import type { Clock } from './known-users.ts';
import { isUserId, labelOf } from './user-id.ts';

/** What Open WebUI says of a token. */
export type Verdict =
  | { readonly kind: 'live'; readonly id: string; readonly label: string | undefined }
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
const MOST_BYTES = 64 * 1024;
/** A client that keeps coming with a dead token must not make us ask each time. */
const REFUSED_MS = 10_000;
const MOST_REFUSED = 1_000;
const RETRY_AFTER = '5';

/** Why there is no verdict, for the log. */
class NoVerdict extends Error {}

export class Introspection {
  readonly #endpoint: string;
  readonly #log: Log;
  readonly #timeoutMs: number;
  readonly #refused: LRUCache<string, Verdict>;
  /** No connection outlives its question: Open WebUI may be restarted between two. */
  readonly #agent = new Agent({ pipelining: 0 });
  #underWay = 0;
  #isOutOfReach = false;

  /** `url`: where Open WebUI is, without a trailing slash. */
  constructor(url: string, log: Log, { clock, timeoutMs = TIMEOUT_MS }: IntrospectionOptions) {
    this.#endpoint = `${url}/api/v1/auths/`;
    this.#log = log;
    this.#timeoutMs = timeoutMs;
    this.#refused = new LRUCache({ max: MOST_REFUSED, ttl: REFUSED_MS, ttlResolution: 0, perf: clock });
  }

  /** Rejects with 503 `identity_unavailable` where Open WebUI gives no verdict, or has too much to answer already. */
  async ask(token: string): Promise<Verdict> {
    const key = hash('sha256', token, 'base64url');
    const refused = this.#refused.get(key);
    if (refused !== undefined) return refused;
    const verdict = await this.#ask(token);
    if (verdict.kind !== 'live') this.#refused.set(key, verdict);
    return verdict;
  }

  async #ask(token: string): Promise<Verdict> {
    if (this.#underWay >= MOST_AT_ONCE) throw unavailable();
    this.#underWay += 1;
    try {
      const verdict = await this.#exchange(token);
      this.#tell(false, {});
      return verdict;
    } catch (error) {
      this.#tell(true, { reason: reasonOf(error) });
      throw unavailable();
    } finally {
      this.#underWay -= 1;
    }
  }

  async #exchange(token: string): Promise<Verdict> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const { statusCode, body } = await request(this.#endpoint, {
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
  return { kind: 'live', id: user.id, label: labelOf(user.name, user.email) };
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
async function bounded(body: Dispatcher.ResponseData['body']): Promise<string> {
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
function reasonOf(error: unknown): string {
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
