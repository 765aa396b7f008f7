/** Who is calling. */

export interface Principal {
  /** `<kind>:<value>`; every session, token and pool key hangs on it. */
  readonly id: string;
  readonly via: 'api-key' | 'basic' | 'bearer' | 'session' | 'anonymous';
  /** For people and logs. */
  readonly label: string;
}

export const ANONYMOUS: Principal = { id: 'anonymous:', via: 'anonymous', label: 'anonymous' };
export const API_KEY_HOLDER: Principal = { id: 'api-key:', via: 'api-key', label: 'API key' };

/** A browser that nobody has signed in with, by the UUID in its session. */
export function visitorPrincipal(uuid: string): Principal {
  return { id: `visitor:${uuid}`, via: 'session', label: 'this browser' };
}

/** An API key, and the lack of one, are many people's. */
const ONE_PERSON: Readonly<Record<Principal['via'], boolean>> = {
  'api-key': false,
  anonymous: false,
  basic: true,
  bearer: true,
  session: true,
};

/** Only who is one person may connect an account. */
export function isOnePerson({ via }: Principal): boolean {
  return ONE_PERSON[via];
}
