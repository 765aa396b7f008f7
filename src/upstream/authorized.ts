/** Requests that carry a person's token: fetched before, renewed once where the server refuses it. */
import type { Credential } from '../oauth/credential.ts';
import { unlessAborted } from '../oauth/unless-aborted.ts';
import { RefusedError } from './http-status.ts';
import type { StopSignal } from './wire.ts';

/** A token that another caller has renewed meanwhile, then one that we renew, then the truth. */
const MOST_SENDS = 3;

/**
 * Sends with the current token, and again where the credential says that this may help. A refused request has not
 * run, so nothing happens twice. `operation` is what step-ups are remembered by. Rejects with what `send` rejects
 * with, what the credential tells the caller, or the reason of `signal`.
 */
export async function sendAuthorized<R>(
  credential: Credential,
  operation: string,
  signal: StopSignal,
  send: (token: string) => Promise<R>,
): Promise<R> {
  for (let attempt = 1; ; attempt += 1) {
    const known = credential.token();
    // A renewal goes on for whoever else waits, but this caller's deadline rules.
    const token = typeof known === 'string' ? known : await unlessAborted(known, signal);
    const sentAt = Date.now();
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const { answered: status, challenge } = error;
      await unlessAborted(credential.refused({ status, challenge, token, sentAt, operation }), signal);
      if (attempt === MOST_SENDS) throw error;
    }
  }
}
