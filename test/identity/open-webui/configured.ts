/** What the tests of Open WebUI's users are configured with, and how they look at refusals. */
import assert from 'node:assert/strict';
import type { OpenWebuiConfig } from '../../../src/config/model.ts';
import { GatewayError } from '../../../src/errors.ts';
import type { Realm } from '../../../src/identity/credentials.ts';
import { type OpenWebuiUsers, openWebuiUsers, type Sender } from '../../../src/identity/open-webui/users.ts';
import { PersonalTokens } from '../../../src/identity/personal-tokens.ts';
import { openStore } from '../../../src/storage/store.ts';
import { CollectedLog } from '../../storage/collected-log.ts';

export const WHOLE: Realm = { isPersonal: false };
export const PERSONAL: Realm = { isPersonal: true };

export const HERE: Sender = { isLocal: true, from: '127.0.0.1' };
export const AWAY: Sender = { isLocal: false, from: '192.0.2.1' };

/** Nobody has any. */
export const NO_TOKENS = new PersonalTokens(openStore('memory'), new CollectedLog());

/** Time that passes only when the test says so; it begins now, because tokens are made now. */
export class TestClock {
  #now = Date.now();

  now(): number {
    return this.#now;
  }

  set(now: number): void {
    this.#now = now;
  }

  tick(ms: number): void {
    this.#now += ms;
  }
}

export function users(
  config: Partial<OpenWebuiConfig>,
  clock: { now(): number } = Date,
  log: CollectedLog = new CollectedLog(),
): OpenWebuiUsers {
  return openWebuiUsers(
    { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false, ...config },
    log,
    clock,
  );
}

/** The error that `work` throws or rejects with. */
export async function refusal(work: () => unknown): Promise<GatewayError> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  return assert.fail('was let in');
}

export async function refusedAs(work: () => unknown, status: number, code: string, text: RegExp): Promise<void> {
  const error = await refusal(work);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  assert.match(error.message, text);
  if (status === 401) assert.equal(error.headers['www-authenticate'], 'Bearer');
}
