/** What a request shows of who sends it, and what the place that it asks for makes of that. */
import type { Authorization } from './authorization.ts';

export interface Credentials {
  readonly authorization: Authorization;
  /** The address of the client. */
  readonly from: string;
  /** A header that may be sent once; throws `bad_request` where it stands twice. */
  header(name: string): string | undefined;
  /** True where this machine itself asks: a loopback peer of a loopback bind, no `Origin`, no sign of a proxy. */
  readonly isLocal: boolean;
}

/** Where a credential is shown: one server, or the gateway as a whole. */
export interface Realm {
  /** The secret that signs tokens for this server alone, instead of the gateway's own. */
  readonly secretKey?: string;
  /** Each person has an account of their own there, so that even a token that nobody can verify says something. */
  readonly isPersonal: boolean;
}

export const WHOLE_GATEWAY: Realm = { isPersonal: false };
