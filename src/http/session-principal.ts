/** Whom the session of a browser makes of it. */
import type { Identity } from '../identity/authenticators.ts';
import { WHOLE_GATEWAY } from '../identity/credentials.ts';
import { ANONYMOUS, API_KEY_HOLDER, type Principal, visitorPrincipal } from '../identity/principal.ts';
import type { WebSession } from '../identity/web-sessions.ts';

/** Who the browser is: signed in as somebody who may still come in, a visitor where that is enough, else nobody. */
export function sessionPrincipal(session: WebSession, identity: Identity, realm = WHOLE_GATEWAY): Principal {
  const { principal, visitor } = session;
  // A server with a secret of its own takes nobody's word but that for who a user of Open WebUI is.
  const isOfOthers = principal?.via === 'openwebui' && realm.secretKey !== undefined;
  if (isSignedIn(session, identity) && !isOfOthers) return principal ?? visitorPrincipal(visitor);
  return identity.required ? ANONYMOUS : visitorPrincipal(visitor);
}

/**
 * True while what the browser has proved still lets people in: a password, key or token that was changed does not, nor does
 * a sign-in whose time is over.
 */
export function isSignedIn(
  { principal, proof, until = Number.POSITIVE_INFINITY }: WebSession,
  identity: Identity,
): boolean {
  if (Date.now() >= until) return false;
  return proof !== undefined && identity.proofOf(principal ?? API_KEY_HOLDER) === proof;
}
