/** Who is calling. */

export interface Principal {
  /** `<kind>:<value>`; every session, token and pool key hangs on it. */
  readonly id: string;
  readonly via: 'api-key' | 'basic' | 'bearer' | 'openwebui' | 'unverified' | 'session' | 'anonymous';
  /** For people and logs. */
  readonly label: string;
}

export const ANONYMOUS: Principal = { id: 'anonymous:', via: 'anonymous', label: 'anonymous' };
export const API_KEY_HOLDER: Principal = { id: 'api-key:', via: 'api-key', label: 'API key' };

/** A browser that nobody has signed in with, by the UUID in its session. */
export function visitorPrincipal(uuid: string): Principal {
  return { id: `visitor:${uuid}`, via: 'session', label: 'this browser' };
}

/** A user of Open WebUI, by the id that it gives them. However they are known, they are the same principal. */
export function openWebuiPrincipal(id: string, label?: string): Principal {
  return { id: `openwebui:${id}`, via: 'openwebui', label: label ?? `Open WebUI user ${shortened(id)}` };
}

/** Whom a token names that nothing verified; never one of the above. */
export function unverifiedPrincipal(id: string): Principal {
  return { id: `unverified:${id}`, via: 'unverified', label: `unverified user ${shortened(id)}` };
}

/** The ids are UUIDs, which nobody reads to their end. */
function shortened(id: string): string {
  return id.length <= 12 ? id : `${id.slice(0, 8)}…`;
}

/** An API key, and the lack of one, are many people's. */
const ONE_PERSON: Readonly<Record<Principal['via'], boolean>> = {
  'api-key': false,
  anonymous: false,
  basic: true,
  bearer: true,
  openwebui: true,
  unverified: true,
  session: true,
};

/** Only who is one person may connect an account. */
export function isOnePerson({ via }: Principal): boolean {
  return ONE_PERSON[via];
}
