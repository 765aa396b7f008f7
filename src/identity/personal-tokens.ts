/** Personal access tokens: made by a person for programs, shown once, kept as hashes; knows nothing of HTTP. */
import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayError, messageOf } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import { type Stamped, type Store, type Table, writeOver } from '../storage/store.ts';
import type { Principal } from './principal.ts';
import { checkTokenName, nameTaken, tokenExpired, tokenUnknown, tooManyTokens } from './token-refusals.ts';

/** What its maker sees of a token later on. */
export interface TokenFacts {
  /** Names it in forms: its hash, which lets nobody in. */
  readonly id: string;
  readonly name: string;
  /** In milliseconds since 1970, as all times here. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The day (UTC) of the last use, as its first millisecond; absent: never used. */
  readonly usedDay?: number;
}

/** Who a token stands for. */
export interface TokenHolder {
  /** The person, as the token makes them known: the same id, `via` token. */
  readonly principal: Principal;
  /** The person, as they were known when they made it. */
  readonly maker: Pick<Principal, 'id' | 'via'>;
  /** Which credential proved the maker then, as a fingerprint: with the credential the token loses its worth. */
  readonly proof: string;
}

/** As stored, under the hash of the token. */
interface TokenRecord extends Omit<TokenFacts, 'id'> {
  readonly owner: Principal['id'];
  readonly via: Principal['via'];
  readonly label: string;
  readonly proof: string;
}

interface Known {
  readonly holder: TokenHolder;
  readonly freshUntil: number;
}

const PREFIX = 'lk_';
const FORM = /^lk_[A-Za-z0-9_-]{43}$/;
const SECRET_BYTES = 32;
/** How many tokens that have not expired one person may have. */
export const MOST_TOKENS = 20;
/** What a person can choose, in days. */
export const TOKEN_DAYS: readonly number[] = [7, 30, 90, 365];
export const DEFAULT_TOKEN_DAYS = 90;

const DAY_MS = 24 * 60 * 60 * 1000;
/** An expired token is told from an unknown one for so long. */
const REMEMBERED_MS = 30 * DAY_MS;
const LIST_MS = Math.max(...TOKEN_DAYS) * DAY_MS + REMEMBERED_MS;
/** How long another process that revokes a token may not be heard here. */
const FRESH_MS = 10_000;
const MOST_KNOWN = 10_000;
const SWEEP_LIMIT = 500;

/** By the prefix alone, so that one with a letter missing is told what it is, too. */
export function isPersonalToken(token: string): boolean {
  return token.startsWith(PREFIX);
}

/**
 * A row for each token says what it is worth; beside them a list for each person says which rows are theirs. A row is
 * there before its list names it, so what a list names without a row is gone for good.
 */
export class PersonalTokens {
  readonly #tokens: Table<TokenRecord>;
  readonly #lists: Table<readonly string[]>;
  readonly #log: Log;
  readonly #known = new LRUCache<string, Known>({ max: MOST_KNOWN });
  #revocations = 0;

  /** `store`: a sealed one, because names and labels of people stand in it. */
  constructor(store: Store, log: Log) {
    this.#tokens = store.table('personal-tokens');
    this.#lists = store.table('personal-token-lists');
    this.#log = log;
  }

  /**
   * Makes a token for `maker`, whom `proof` shows to be who they are. The token is nowhere to be had again. Rejects with
   * `GatewayError` `bad_request`, for people: 400 for a bad name or lifetime, 409 for a name that the person has used for
   * another token, or where they have `MOST_TOKENS` already.
   */
  async create(
    maker: Principal,
    proof: string,
    wanted: { readonly name: string; readonly days: number },
  ): Promise<{ readonly token: string; readonly facts: TokenFacts }> {
    const name = checkTokenName(wanted.name);
    if (!TOKEN_DAYS.includes(wanted.days))
      throw new GatewayError('bad_request', 400, 'Choose how long the token lasts.');
    const token = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const id = keyOf(token);
    const createdAt = Date.now();
    const facts = { name, createdAt, expiresAt: createdAt + wanted.days * DAY_MS };
    const record = { ...facts, owner: maker.id, via: maker.via, label: maker.label, proof };
    await this.#tokens.set(id, record, rowTtl(record));
    try {
      await this.#addToList(maker.id, id, name);
    } catch (error) {
      await this.#tokens.delete(id);
      throw error;
    }
    return { token, facts: { id, ...facts } };
  }

  /** The tokens of a person that still count, oldest first. */
  async list(owner: Principal['id']): Promise<readonly TokenFacts[]> {
    const { live } = await this.#listOf(owner);
    return live.map(({ id, record: { name, createdAt, expiresAt, usedDay } }) => ({
      id,
      name,
      createdAt,
      expiresAt,
      ...(usedDay === undefined ? {} : { usedDay }),
    }));
  }

  /**
   * Ends a token: at once in this process, within `FRESH_MS` in others. Returns its name; undefined where the person has
   * no such token.
   */
  async revoke(owner: Principal['id'], id: string): Promise<string | undefined> {
    const record = await this.#tokens.get(id);
    if (record?.owner !== owner) return undefined;
    await this.#tokens.delete(id);
    this.#revocations += 1;
    this.#known.delete(id);
    return record.name;
  }

  /**
   * Whom a token stands for, at once where it was looked up lately. Whether its maker may still come in is for the caller
   * to check, by `proof`. Throws or rejects with 401 `invalid_credentials` or `token_expired`.
   */
  find(token: string): TokenHolder | Promise<TokenHolder> {
    if (!FORM.test(token)) throw tokenUnknown();
    const id = keyOf(token);
    const known = this.#known.get(id);
    return known !== undefined && Date.now() < known.freshUntil ? known.holder : this.#lookUp(id);
  }

  /** Removes what has expired, a limited number at a time. */
  async sweep(): Promise<void> {
    await this.#tokens.sweep(SWEEP_LIMIT);
    await this.#lists.sweep(SWEEP_LIMIT);
  }

  async #lookUp(id: string): Promise<TokenHolder> {
    const before = this.#revocations;
    const found = await this.#tokens.read(id);
    if (found === undefined) throw tokenUnknown();
    const { owner, via, label, proof, expiresAt } = found.value;
    const now = Date.now();
    if (now >= expiresAt) throw tokenExpired();
    const holder: TokenHolder = { principal: { id: owner, via: 'token', label }, maker: { id: owner, via }, proof };
    await this.#noteUse(id, found, now);
    // Revoked while it was looked up: then this must not bring it back.
    if (before === this.#revocations) {
      this.#known.set(id, { holder, freshUntil: Math.min(now + FRESH_MS, expiresAt) });
    }
    return holder;
  }

  /** Once a day is enough to tell which tokens are in use; what cannot be noted keeps nobody out. */
  async #noteUse(id: string, { value, stamp }: Stamped<TokenRecord>, now: number): Promise<void> {
    const usedDay = now - (now % DAY_MS);
    if (value.usedDay === usedDay) return;
    try {
      // Losing this race is as good: it was noted elsewhere, or the token is gone.
      await this.#tokens.replace(id, stamp, { ...value, usedDay }, rowTtl(value));
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'the last use of an access token could not be noted');
    }
  }

  async #addToList(owner: Principal['id'], id: string, name: string): Promise<void> {
    for (;;) {
      const { found, live } = await this.#listOf(owner);
      if (live.some(({ record }) => record.name === name)) throw nameTaken(name);
      if (live.length >= MOST_TOKENS) throw tooManyTokens(MOST_TOKENS);
      const ids = [...live.map((one) => one.id), id];
      if (await writeOver(this.#lists, listKeyOf(owner), found, ids, LIST_MS)) return;
    }
  }

  async #listOf(owner: Principal['id']): Promise<{
    readonly found: Stamped<readonly string[]> | undefined;
    readonly live: readonly { readonly id: string; readonly record: TokenRecord }[];
  }> {
    const found = await this.#lists.read(listKeyOf(owner));
    const now = Date.now();
    const rows = await Promise.all(
      (found?.value ?? []).map(async (id) => ({ id, record: await this.#tokens.get(id) })),
    );
    const live = rows.flatMap(({ id, record }) =>
      record !== undefined && record.expiresAt > now ? { id, record } : [],
    );
    return { found, live };
  }
}

function rowTtl({ expiresAt }: Pick<TokenRecord, 'expiresAt'>): number {
  return expiresAt + REMEMBERED_MS - Date.now();
}

/** 256 random bits need no salt, and no slow hash. */
function keyOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Keys are not sealed: a hash, so that they name no person. */
function listKeyOf(owner: Principal['id']): string {
  return hash('sha256', owner, 'base64url');
}
