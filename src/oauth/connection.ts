/** One owner's login at one server, in memory: hands out its token, and knows what to do when it is refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError, messageOf } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import type { Credential, Refusal } from './credential.ts';
import type { Discovery } from './discovery.ts';
import { authorizationRequired, insufficientScope, providerUnavailable } from './errors.ts';
import { ended, freshToken, isUnproven, mayStepUp, refusedFor, type StoredGrant, usableToken } from './grant.ts';
import { type Grants, idleMs } from './grants.ts';
import type { Owner, ProtectedServer } from './model.ts';
import type { Renewer } from './renew.ts';
import type { Revoke } from './revoke.ts';

/** The end of a grant is moved this often while it is in use, and more often where it lies nearer. */
const LONGEST_TOUCH_MS = 60_000;
/** Between two refreshes that got no answer. */
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
/** How long a call waits for a renewal that it could do without. */
const SHORT_WAIT_MS = 2_000;

export interface ConnectionOptions {
  readonly server: ProtectedServer;
  readonly owner: Owner;
  readonly grants: Grants;
  readonly renewer: Renewer;
  readonly discovery: Discovery;
  readonly revoke: Revoke;
  /** Called when a grant comes into use, so that somebody follows what other processes do to it. */
  readonly onHeld: (connection: Connection) => void;
  /** Called once when the grant in use has ended, was removed or was replaced by another login. */
  readonly onEnded: (server: ProtectedServer, owner: Owner) => void;
  readonly log: Log;
}

export class Connection implements Credential {
  readonly #options: ConnectionOptions;
  /** The live grant in use. */
  #held: StoredGrant | undefined;
  /** True where the store holds a grant that has ended, as far as is known. */
  #ended = false;
  #renewing: Promise<boolean> | undefined;
  /** Looks into the store, counted when they begin; and the one that was believed last. */
  #looks = 0;
  #newest = 0;
  #usedAt = 0;
  #touchedAt = 0;
  #backoffMs = 0;
  #retryAt = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get server(): ProtectedServer {
    return this.#options.server;
  }

  /** When a token was last asked for, in milliseconds since 1970. */
  get usedAt(): number {
    return this.#usedAt;
  }

  /** True while a live grant is in memory. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  token(): string | Promise<string> {
    this.#usedAt = Date.now();
    // A token that is being renewed though it looks fresh was refused: better wait for the next one.
    const known = this.#held !== undefined && this.#renewing === undefined && freshToken(this.#held, this.#usedAt);
    if (!known) return this.#ask();
    this.#touch();
    return known;
  }

  async refused(refusal: Refusal): Promise<void> {
    return refusal.status === 401 ? this.#unauthorized(refusal) : this.#forbidden(refusal);
  }

  /** Takes over what the store holds now. Rejects with `GatewayError` `storage_failed`. */
  async follow(): Promise<void> {
    const { grants, server, owner } = this.#options;
    this.#looks += 1;
    const look = this.#looks;
    const found = await grants.read(server, owner);
    // Looked before, told after: what is in use is newer, and may be that there is nothing any more.
    if (look > this.#newest) this.#adopt(found?.grant, look);
  }

  /** Drops what is in memory; the next use reads the store. */
  rest(): void {
    this.#held = undefined;
  }

  async #ask(): Promise<string> {
    const grant = await this.#current();
    const fresh = this.#renewing === undefined ? freshToken(grant, Date.now()) : undefined;
    if (fresh === undefined && !(await this.#renewInTime(grant))) return this.#makeDo(grant);
    this.#touch();
    return fresh ?? this.#tokenInUse();
  }

  /** RFC 6750 3.1, `invalid_token`: nothing that another refresh cures is refused twice. */
  async #unauthorized({ token, sentAt }: Refusal): Promise<void> {
    if (token === undefined) throw this.#signIn();
    const grant = await this.#current();
    // Another caller has renewed it meanwhile.
    if (grant.accessToken !== token) return;
    // What was discovered may be why: the server may have moved to another authorization server.
    this.#options.discovery.forget(this.#options.server);
    if (isUnproven(grant, sentAt)) return this.#giveUp(grant);
    if (!(await this.#renew(grant))) throw this.#unavailable();
    this.#tokenInUse();
  }

  /** A refresh gives no more scopes than there were (RFC 6749 6), so only another login can help. */
  async #forbidden({ challenge, token, operation }: Refusal): Promise<void> {
    const { grants, server, owner } = this.#options;
    if (challenge?.error !== 'insufficient_scope') throw refusedByServer();
    await this.follow();
    if (this.#held === undefined) throw this.#signIn();
    // The person signed in again meanwhile.
    if (this.#held.accessToken !== token) return;
    const noted = await grants.change(server, owner, (grant) =>
      grant.accessToken === token ? refusedFor(grant, operation, challenge.scope) : grant,
    );
    this.#adopt(noted);
    const offered = noted === undefined || mayStepUp(noted, operation);
    throw insufficientScope(server.name, challenge.scope, offered);
  }

  /** The token of a refresh is refused like the one before it: to go on would be a loop. */
  async #giveUp(grant: StoredGrant): Promise<void> {
    const { grants, server, owner, revoke, log } = this.#options;
    let isEndedHere = false;
    const left = await grants.change(server, owner, (current) => {
      isEndedHere = current.generation === grant.generation;
      return isEndedHere ? ended(current) : current;
    });
    this.#adopt(left);
    if (this.#held !== undefined) return;
    // Many calls are refused at once; one of them tells the authorization server.
    if (!isEndedHere) throw this.#signIn();
    log.warn({ server: server.name }, 'a login has ended: the server refuses a token that is new');
    void revoke(server, grant);
    throw this.#signIn();
  }

  async #current(): Promise<StoredGrant> {
    if (this.#held === undefined) await this.follow();
    if (this.#held === undefined) throw this.#signIn();
    return this.#held;
  }

  /** Ahead of the end nobody waits for a slow authorization server: the renewal goes on while the token still serves. */
  #renewInTime(grant: StoredGrant): Promise<boolean> {
    const renewal = this.#renew(grant);
    if (usableToken(grant, Date.now() + SHORT_WAIT_MS) === undefined) return renewal;
    renewal.catch(() => undefined);
    return Promise.race([renewal, sleep(SHORT_WAIT_MS, false, { ref: false })]);
  }

  /** Once for all who ask; false where the authorization server did not answer. */
  #renew(grant: StoredGrant): Promise<boolean> {
    this.#renewing ??= this.#renewOnce(grant).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewOnce(grant: StoredGrant): Promise<boolean> {
    const { renewer, server, owner } = this.#options;
    if (Date.now() < this.#retryAt) return false;
    const renewal = await renewer.renew(server, owner, grant);
    if (renewal.kind === 'unavailable') {
      this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, FIRST_BACKOFF_MS), LONGEST_BACKOFF_MS);
      this.#retryAt = Date.now() + this.#backoffMs;
      return false;
    }
    this.#backoffMs = 0;
    // Not what the renewal gave: it may have been disconnected while the lock was let go.
    await this.follow();
    return true;
  }

  /** The token that should have been renewed, while it lasts. */
  #makeDo(grant: StoredGrant): string {
    const token = usableToken(grant, Date.now());
    if (token === undefined) throw this.#unavailable();
    return token;
  }

  /** After a renewal whatever it gave is sent: whether it is good is for the server to say. */
  #tokenInUse(): string {
    const token = this.#held?.accessToken;
    if (token === undefined) throw this.#signIn();
    return token;
  }

  /** `found`: what the store holds now, or held at the time of `look`. */
  #adopt(found: StoredGrant | undefined, look = ++this.#looks): void {
    this.#newest = look;
    const before = this.#held;
    // What a renewal brought may have been replaced by another login meanwhile.
    if (before?.createdAt === found?.createdAt && (found?.generation ?? 0) < (before?.generation ?? 0)) return;
    this.#ended = found?.state === 'ended';
    this.#held = found?.state === 'live' ? found : undefined;
    const { server, owner, onHeld, onEnded } = this.#options;
    if (this.#held !== undefined) onHeld(this);
    if (before !== undefined && before.createdAt !== this.#held?.createdAt) onEnded(server, owner);
  }

  #touch(): void {
    const { grants, server, owner, log } = this.#options;
    if (this.#usedAt - this.#touchedAt < Math.min(LONGEST_TOUCH_MS, idleMs(server, owner) / 4)) return;
    this.#touchedAt = this.#usedAt;
    grants
      .touch(server, owner)
      .then((alive) => (alive ? undefined : this.follow()))
      .catch((error: unknown) => {
        log.warn({ server: server.name, reason: messageOf(error) }, 'the use of a login could not be noted');
      });
  }

  #signIn(): GatewayError {
    const { name } = this.server;
    const reason = this.#ended ? `The sign-in at "${name}" has ended.` : `No account is connected at "${name}".`;
    return authorizationRequired(name, reason);
  }

  #unavailable(): GatewayError {
    const seconds = Math.max(1, Math.ceil((this.#retryAt - Date.now()) / 1000));
    return providerUnavailable(this.server.name, seconds);
  }
}

function refusedByServer(): GatewayError {
  const message = 'The server refuses our credentials (HTTP 403).';
  return new GatewayError('upstream_unauthorized', 502, message, { detail: { message } });
}
