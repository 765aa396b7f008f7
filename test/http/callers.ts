/** What tests of callers ask, and what they are told. */
import type { Story } from './login-story.ts';

export const API_KEY = 'key-of-the-gateway';
export const NOBODY = [401, 'identity_required'];
export const REFUSED = [401, 'invalid_credentials'];

/** Whose account a call uses; where it is refused, the status and the code. */
export async function whoami({ app }: Story, headers: Record<string, string>): Promise<unknown> {
  const answer = await app.post('/notes/whoami', {}, headers);
  return answer.status === 200 ? answer.json() : [answer.status, answer.headers.get('x-latchkey-error')];
}
