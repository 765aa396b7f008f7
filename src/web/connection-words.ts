/** What a page says of a connection: where it stands, whether the person is needed, and how long the sign-in lasts. */
import type { ConnectionStatus } from '../oauth/model.ts';
import { type MomentWords, momentWords } from './time-words.ts';

export type ConnectionState = ConnectionStatus['state'] | 'sign-in-first';

/** A grant whose end has passed while nothing can renew it is over, whatever was stored. */
export function connectionState(status: ConnectionStatus | undefined, now: number): ConnectionState {
  if (status === undefined) return 'sign-in-first';
  const isOver = status.renews !== true && status.expiresAt !== undefined && status.expiresAt <= now;
  return status.state === 'connected' && isOver ? 'expired' : status.state;
}

export function connectionWords(state: ConnectionState, wantsMore: boolean, shared: boolean): string {
  switch (state) {
    case 'sign-in-first':
      return shared ? 'Sign in to see its connection' : 'Sign in to see your connection';
    case 'needs-login':
      return shared ? 'Not connected: waiting for a login' : 'Not connected: connect your account to use it';
    case 'expired':
      return shared ? 'The sign-in has ended: connect again' : 'Your sign-in has ended: connect again';
    case 'connected':
      return wantsMore ? 'Needs more rights: connect again' : 'Connected';
  }
}

/** In one line what Connect does with the person's account, or why to do it again. */
export function connectionHint(state: ConnectionState, wantsMore: boolean, shared: boolean): string | undefined {
  if (state === 'sign-in-first') return 'Sign in here first; then you can connect your account at the provider.';
  if (wantsMore) return 'A call needed rights that this sign-in does not have; connecting again asks for them.';
  if (state === 'connected') return shared ? 'One login serves everyone who may use this gateway.' : undefined;
  return shared
    ? 'You sign in at the provider; latchkey keeps the token, and one login serves everyone who may use this gateway.'
    : 'You sign in at the provider; latchkey keeps the token and uses it only for your calls.';
}

/** How long a live grant lasts. `lasts` goes on with the moment of `expires`, where there is one. */
export function durationWords(status: ConnectionStatus, now: number): { lasts: string; expires?: MomentWords } {
  const renews = status.renews === true;
  const expires = status.expiresAt === undefined ? undefined : momentWords(status.expiresAt, now);
  if (expires === undefined) return { lasts: renews ? 'Renews by itself' : 'Until the provider ends it' };
  return { lasts: renews ? 'Renews by itself, next by' : 'Until', expires };
}
