/** Who is calling. */

export interface Principal {
  /** `<kind>:<value>`; every session, token and pool key hangs on it. */
  readonly id: string;
  readonly via: 'api-key' | 'basic' | 'bearer' | 'anonymous';
  /** For people and logs. */
  readonly label: string;
}

export const ANONYMOUS: Principal = { id: 'anonymous:', via: 'anonymous', label: 'anonymous' };
export const API_KEY_HOLDER: Principal = { id: 'api-key:', via: 'api-key', label: 'API key' };
