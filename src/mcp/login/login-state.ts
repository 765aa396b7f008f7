/** What a caller of 2026-07-28 brings back with a request that a login kept from being answered: that we have asked, and for what. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import { stringifyJson } from '../../schema/json.ts';
import type { Store, Table } from '../../storage/store.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';

/** What a state is bound to. */
export interface StatePlace {
  readonly principalId: string;
  /** The server's name, and what tells it from another one of that name. */
  readonly server: string;
  readonly message: Message;
}

/** `foreign`: none of ours, or made for something else; `late`: ours, and older than ten minutes. */
export type StateVerdict = 'good' | 'late' | 'foreign';

const PREFIX = 'latchkey-login.';
const STATE_MS = 10 * 60_000;
const KEY_BYTES = 32;

/** True for what looks like ours; the states of servers pass by. */
export function isLoginState(state: unknown): state is string {
  return typeof state === 'string' && state.startsWith(PREFIX);
}

/** The params of the request that was asked first: a retry adds these two (2026-07-28, multi round-trip requests). */
export function withoutAnswers({ inputResponses: _, requestState: __, ...params }: Readonly<JsonObject>): JsonObject {
  return params;
}

/** Signs states, with a key that all processes share. It grants nothing: a retry is as good as the first request. */
export class LoginStates {
  readonly #table: Table<string>;
  readonly #log: Log;
  #key: Promise<Buffer> | undefined;

  /** The tables of `store` are sealed. */
  constructor(store: Store, log: Log) {
    this.#table = store.table('login-states');
    this.#log = log;
  }

  /** Good for ten minutes, for this request of this caller at this server. `now`: ms since 1970. */
  async issue(place: StatePlace, now: number = Date.now()): Promise<string> {
    const until = (now + STATE_MS).toString(36);
    return `${PREFIX}${until}.${mac(await this.#secret(), place, until).toString('base64url')}`;
  }

  async verify(state: string, place: StatePlace, now: number = Date.now()): Promise<StateVerdict> {
    const [until = '', shown = ''] = state.slice(PREFIX.length).split('.');
    const expected = mac(await this.#secret(), place, until);
    const given = Buffer.from(shown, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'foreign';
    return now < Number.parseInt(until, 36) ? 'good' : 'late';
  }

  #secret(): Promise<Buffer> {
    this.#key ??= this.#sharedKey().catch((error: unknown) => {
      // Questions asked here are understood here; those of other processes are asked again.
      this.#log.warn({ reason: messageOf(error) }, 'no key could be stored for questions about logins');
      return randomBytes(KEY_BYTES);
    });
    return this.#key;
  }

  async #sharedKey(): Promise<Buffer> {
    await this.#table.putIfAbsent('key', randomBytes(KEY_BYTES).toString('base64url'));
    const stored = await this.#table.get('key');
    const key = Buffer.from(stored ?? '', 'base64url');
    if (key.length !== KEY_BYTES) throw new Error('the stored key is none');
    return key;
  }
}

function mac(key: Buffer, { principalId, server, message }: StatePlace, until: string): Buffer {
  const { _meta, ...params } = withoutAnswers(message.params);
  const text = stringifyJson([until, principalId, server, message.method, params]);
  return createHmac('sha256', key).update(text).digest();
}
