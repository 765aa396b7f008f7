/** The keys of a server's `oauth`: mcpo's, and what a server without full discovery needs. */

import { z } from 'zod';

const oauthObject = z.object({
  server_url: z
    .string()
    .optional()
    .describe('The authorization server, used only where the server does not name its own.'),
  multi_user: z
    .boolean()
    .optional()
    .describe(
      '`true`: each caller signs in. `false`: one login serves all. Default: `true`, but `false` beside ' +
        '`callback_port` or `use_loopback`.',
    ),
  session_timeout_minutes: z
    .number()
    .positive()
    .default(30)
    .describe("Idle minutes after which a visitor's login at this server ends."),
  storage_type: z
    .enum(['file', 'memory'])
    .default('file')
    .describe('`memory`: the tokens of this server are never written to the store.'),
  callback_port: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe("Port of mcpo's local callback; kept so that an existing single-user registration stays valid."),
  use_loopback: z.boolean().optional().describe('Single-user login through the browser of this machine, as in mcpo.'),
  client_metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Fields of the client registration (RFC 7591), such as `client_name`.'),
  webui_secret_key: z
    .string()
    .optional()
    .describe('The secret that signs the JWTs of Open WebUI, for callers of this server alone.'),
  scope: z.string().optional().describe('The scopes to ask for, separated by spaces.'),
  client_id: z.string().optional().describe('A client that was registered by hand.'),
  client_secret: z
    .string()
    .optional()
    .describe('The secret of that client; better kept in a variable than in the file.'),
  issuer: z.string().optional().describe('The issuer to use when the server names several.'),
  resource: z.string().optional().describe('The resource identifier to ask a token for. Default: the server says.'),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_basic', 'client_secret_post'])
    .optional()
    .describe('How the client proves itself at the token endpoint.'),
  client_metadata_url: z
    .string()
    .optional()
    .describe('Address of a client id metadata document to use as the client id.'),
  allow_insecure_http: z
    .boolean()
    .default(false)
    .describe('Allows plain `http` to an authorization server beyond this machine.'),
});

export const oauthSchema = z.union([z.boolean(), oauthObject], { error: 'must be true or a mapping' });
