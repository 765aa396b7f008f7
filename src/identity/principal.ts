/** Who is calling. */

export interface Principal {
  /** `<kind>:<value>`; every session, token and pool key hangs on it. */
  readonly id: string;
  readonly via: 'api-key' | 'basic' | 'bearer' | 'openwebui' | 'token' | 'unverified' | 'session' | 'anonymous';
  /** For people and logs. */
  readonly label: string;
  /** An admin of Open WebUI, as it said itself when it was asked; never by what a token says. */
  readonly isAdmin?: true;
}

export const ANONYMOUS: Principal = { id: 'anonymous:', via: 'anonymous', label: 'anonymous' };
export const API_KEY_HOLDER: Principal = { id: 'api-key:', via: 'api-key', label: 'API key' };

/** A browser that nobody has signed in with, by the UUID in its session. */
export function visitorPrincipal(uuid: string): Principal {
  return { id: `visitor:${uuid}`, via: 'session', label: 'this browser' };
}

/** A user of Open WebUI, by the id that it gives them. However they are known, they are the same principal. */
export function openWebuiPrincipal(id: string, label?: string, isAdmin = false): Principal {
  const user = { id: `openwebui:${id}`, via: 'openwebui', label: label ?? `Open WebUI user ${shortened(id)}` } as const;
  return isAdmin ? { ...user, isAdmin } : user;
}

/** Whom a token names that nothing verified; never one of the above. */
export function unverifiedPrincipal(id: string): Principal {
  return { id: `unverified:${id}`, via: 'unverified', label: `unverified user ${shortened(id)}` };
}

/** The ids are UUIDs, which nobody reads to their end. */
function shortened(id: string): string {
  return id.length <= 12 ? id : `${id.slice(0, 8)}…`;
}

/**
 * `many`: an API key, and the lack of one, are many people's. `unproven`: one person, but anybody can have a session, or say
 * an id that nobody verifies. `proven`: one person, who has shown who they are in a way that another cannot.
 */
const KNOWN_AS: Readonly<Record<Principal['via'], 'many' | 'unproven' | 'proven'>> = {
  'api-key': 'many',
  anonymous: 'many',
  session: 'unproven',
  unverified: 'unproven',
  basic: 'proven',
  bearer: 'proven',
  openwebui: 'proven',
  token: 'proven',
};

/** Only who is one person may connect an account. */
export function isOnePerson({ via }: Principal): boolean {
  return KNOWN_AS[via] !== 'many';
}

/** True for a person with an account, here or in Open WebUI, who has proved that it is theirs. */
export function isProven({ via }: Principal): boolean {
  return KNOWN_AS[via] === 'proven';
}
