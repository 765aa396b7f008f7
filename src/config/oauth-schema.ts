/** The keys of a server's `oauth`: mcpo's, and what a server without full discovery needs. */

import { z } from 'zod';
import { AUTH_METHODS, metadataFlaws } from './client-metadata.ts';
import {
  checkClientMetadataUrl,
  checkCredential,
  checkIssuer,
  checkResource,
  checkScope,
  checkServerUrl,
  DEFAULT_SESSION_MINUTES,
} from './oauth-values.ts';
import { checkSecret } from './secrets.ts';
import type { Checked } from './values.ts';

/** A year: longer than any token lives. */
const MAX_SESSION_MINUTES = 365 * 24 * 60;

const metadataSchema = z.record(z.string(), z.unknown()).superRefine((metadata, context) => {
  for (const { field, flaw } of metadataFlaws(metadata)) {
    context.addIssue({ code: 'custom', path: [field], message: flaw });
  }
});

const oauthObject = z
  .object({
    multi_user: z
      .boolean()
      .optional()
      .describe(
        '`true`: each person signs in for themselves. `false`: one login serves everybody who may use the gateway. ' +
          'Default: `true`, but `false` beside `callback_port` or `use_loopback`, or where mcpo has left a login for ' +
          'this server in `~/.mcpo/tokens/`.',
      ),
    scope: checked(checkScope)
      .optional()
      .describe('The scopes to ask for, separated by spaces. Default: what the server says.'),
    client_id: checked(checkCredential)
      .optional()
      .describe('A client that was registered by hand. Default: latchkey registers itself.'),
    client_secret: checked(checkCredential)
      .optional()
      .describe('The secret of that client; better kept in a variable than in the file.'),
    token_endpoint_auth_method: z
      .enum(AUTH_METHODS)
      .optional()
      .describe('How the client proves itself to the authorization server. Default: what that server takes.'),
    client_metadata: metadataSchema
      .optional()
      .describe(
        'What latchkey says about itself when it registers (RFC 7591), such as `client_name`, `client_uri`, ' +
          '`contacts`, `scope`. `redirect_uris` is left out: latchkey knows its own.',
      ),
    client_metadata_url: checked(checkClientMetadataUrl)
      .optional()
      .describe(
        'Address (https) of a client id metadata document to show instead of our own. It must list the redirect URI ' +
          '`<public URL>/oauth/<server>/callback`.',
      ),
    server_url: checked(checkServerUrl)
      .optional()
      .describe('The authorization server, for a server that does not name its own. Where it does, it is not used.'),
    issuer: checked(checkIssuer)
      .optional()
      .describe(
        'The issuer to insist on, character by character: for a server that names several, or to refuse any other.',
      ),
    resource: checked(checkResource)
      .optional()
      .describe('The resource to ask a token for (RFC 8707), or `omit` to name none. Default: what the server says.'),
    session_timeout_minutes: z
      .number()
      .positive()
      .max(MAX_SESSION_MINUTES)
      .default(DEFAULT_SESSION_MINUTES)
      .describe('Minutes without a call after which the login of a visitor (somebody without an account) ends.'),
    storage_type: z
      .enum(['file', 'memory'])
      .default('file')
      .describe(
        '`file`: tokens are kept, sealed, in the store. `memory`: they are never written and end with the gateway.',
      ),
    callback_port: z
      .number()
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe(
        'With one login for all: the browser comes back to this port of this machine, as in mcpo. Default: to the ' +
          'gateway itself.',
      ),
    use_loopback: z
      .boolean()
      .optional()
      .describe(
        'With one login for all: `true` opens the browser of this machine at start, `false` only tells the address. ' +
          'Default: `true`.',
      ),
    allow_insecure_http: z
      .boolean()
      .default(false)
      .describe(
        'Allows logins over plain `http` beyond this machine, as between containers. Others on the way can read the tokens.',
      ),
    webui_secret_key: checked(checkSecret)
      .optional()
      .describe(
        "Open WebUI's `WEBUI_SECRET_KEY`, for callers of this server alone; here it takes the place of the gateway's own.",
      ),
  })
  .superRefine(checkClient);

export const oauthSchema = z.union([z.boolean(), oauthObject], { error: 'must be true or a mapping' });

/** The keys as they are after checking, defaults filled in. */
export type OAuthKeys = z.infer<typeof oauthObject>;

interface ClientKeys {
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
  readonly token_endpoint_auth_method?: string | undefined;
}

function checkClient(keys: ClientKeys, context: z.RefinementCtx): void {
  const { client_id: id, client_secret: secret, token_endpoint_auth_method: method = '' } = keys;
  const flaw = (key: keyof ClientKeys, message: string, remedy: string) =>
    context.addIssue({ code: 'custom', path: [key], message, params: { remedy } });
  if (secret !== undefined && id === undefined) flaw('client_secret', 'needs client_id beside it', 'add client_id');
  if (id !== undefined && secret === undefined && method.startsWith('client_secret')) {
    flaw(
      'token_endpoint_auth_method',
      `is ${method}, but there is no client_secret`,
      'add client_secret, or write none',
    );
  }
}

function checked(check: (text: string) => Checked<string>) {
  return z.string().transform((text, context) => {
    const result = check(text);
    if ('value' in result) return result.value;
    const params = result.remedy === undefined ? {} : { remedy: result.remedy };
    context.addIssue({ code: 'custom', message: result.flaw, params });
    return z.NEVER;
  });
}
