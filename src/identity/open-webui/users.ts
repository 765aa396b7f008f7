/** Whom Open WebUI says that it calls for: by the token of the user's session, or by headers beside the API key. */
import type { OpenWebuiConfig } from '../../config/model.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log-sink.ts';
import type { Credentials, Realm } from '../credentials.ts';
import type { Principal } from '../principal.ts';

export interface OpenWebuiUsers {
  /** True where a token is verified, by a secret of the gateway's own or by asking Open WebUI: tokens alone let people in. */
  readonly admits: boolean;
  /** Changes with what verifies tokens; undefined where nothing does. For sessions to outlive no secret. */
  readonly proof: string | undefined;
  /** True where a token would be looked at in `realm`, verified or not. */
  reads(realm: Realm): boolean;
  /**
   * Whom a JWT names; at once where it is known already. Throws or rejects with 401 `token_expired` or
   * `invalid_credentials`, 503 `identity_unavailable`.
   */
  byToken(token: string, realm: Realm, isLocal: boolean): Principal | Promise<Principal>;
  /** For whom the holder of the API key calls; undefined: nobody is named. Throws or rejects with 400 or 401. */
  byHeaders(header: Credentials['header']): Principal | Promise<Principal> | undefined;
}

/** Everything that `config` allows; `log` is told what an operator should know. */
export function openWebuiUsers(_config: OpenWebuiConfig, _log: Log): OpenWebuiUsers {
  return {
    admits: false,
    proof: undefined,
    reads: () => false,
    byToken: () => {
      throw new GatewayError('invalid_credentials', 401, 'This gateway does not accept JSON Web Tokens.');
    },
    byHeaders: () => undefined,
  };
}
