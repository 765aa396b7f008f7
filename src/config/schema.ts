/** The whole file: the servers, below `mcpServers` or `servers`, and the gateway's own keys beside them. */

import { z } from 'zod';
import { DEFAULT_SESSIONS, DEFAULTS } from './defaults.ts';
import { headerFlaw, serverSchema } from './server-schema.ts';

/** What Node.js or the reader of the header would change is never the token. */
function checkToken(token: string, context: z.RefinementCtx): void {
  const message =
    token === token.trim()
      ? headerFlaw('authorization', token)
      : 'begins or ends with a space, which is lost on the way';
  if (message !== undefined) context.addIssue({ code: 'custom', message });
}

const authSchema = z.object({
  basic: z
    .object({
      enabled: z.boolean().default(false).describe('Switches HTTP Basic on.'),
      credentials: z
        .array(
          z.object({
            username: z
              .string()
              .min(1, 'must not be empty')
              .regex(/^[^:]*$/, 'must not hold a colon (HTTP Basic cannot carry it)')
              .describe('The name, without a colon.'),
            password: z.string().min(1, 'must not be empty').describe('The password.'),
          }),
        )
        .default([])
        .describe('The accounts that are let in.'),
    })
    .optional()
    .describe('HTTP Basic: a name and a password.'),
  bearer: z
    .object({
      enabled: z.boolean().default(false).describe('Switches bearer tokens on.'),
      tokens: z
        .array(z.string().min(1, 'must not be empty').superRefine(checkToken))
        .default([])
        .describe('The tokens that are let in, sent as `Authorization: Bearer <token>`.'),
    })
    .optional()
    .describe('Fixed bearer tokens.'),
});

/** Ten years; and `JWT_EXPIRES_IN` of Open WebUI is four weeks. */
const MAX_TOKEN_AGE_HOURS = 10 * 365 * 24;

const openWebuiSchema = z.object({
  url: z
    .string()
    .optional()
    .describe(
      'Where Open WebUI is reached from here. `--open-webui-url` and `OPEN_WEBUI_URL` go first. Without a ' +
        '`webui_secret_key` it is asked there about each token.',
    ),
  public_url: z
    .string()
    .optional()
    .describe(
      'Where people open Open WebUI. Where its host is that of `public_url` of the gateway, its cookie says who is at ' +
        'the browser. Default: `url`. Only in this file.',
    ),
  introspect: z
    .boolean()
    .optional()
    .describe(
      'Whether Open WebUI is asked about each token (at most once a minute), so that one which it has revoked does not ' +
        'count. Needs `url`. Default: `true` where `url` is set and `webui_secret_key` is not. Only in this file.',
    ),
  user_jwt_secret: z
    .string()
    .optional()
    .describe(
      "Open WebUI's `FORWARD_USER_INFO_HEADER_JWT_SECRET`, which signs the header that names its user. Counts beside the " +
        'API key only. `--user-jwt-secret` and `LATCHKEY_USER_JWT_SECRET` go first.',
    ),
  trust_forwarded_user: z
    .boolean()
    .default(false)
    .describe(
      'Whether whoever has the API key is believed whom it calls for, by plain `X-OpenWebUI-User-*` headers: the key ' +
        'then opens every account. Also `--trust-forwarded-user`.',
    ),
  allow_tokens_without_exp: z
    .boolean()
    .default(false)
    .describe('Whether tokens that never expire count (`JWT_EXPIRES_IN=-1` of Open WebUI). Only in this file.'),
  max_token_age_hours: z
    .number()
    .positive()
    .max(MAX_TOKEN_AGE_HOURS)
    .optional()
    .describe(
      'Tokens that were issued longer ago do not count. Default: only their own expiry does. Only in this file.',
    ),
});

/** What callers without a credential see of servers where each person signs in. */
export const ANONYMOUS_CATALOGS = ['learned', 'connect-only', 'off'] as const;

const debugSchema = z.object({
  level: z
    .string()
    .optional()
    .meta({ default: 'info' })
    .describe(
      '`error`, `warn`, `info`, `debug` or `verbose`: each says all that those before it say. `--log-level` and ' +
        '`LOG_LEVEL` go first.',
    ),
});

/** The longest that a timer of Node.js can wait, in whole days. */
const MAX_IDLE_MINUTES = 24 * 24 * 60;
/** More than any machine runs. */
const MAX_PROCESSES = 100_000;

const sessionsSchema = z.object({
  idle_minutes: z
    .number()
    .positive()
    .max(MAX_IDLE_MINUTES)
    .optional()
    .meta({ default: DEFAULT_SESSIONS.idleMs / 60_000 })
    .describe('How long a session of `/api` may rest before it ends, with its processes.'),
  per_principal: z
    .int()
    .positive()
    .max(MAX_PROCESSES)
    .optional()
    .meta({ default: DEFAULT_SESSIONS.mostPerPrincipal })
    .describe('How many processes one caller may keep.'),
  total: z
    .int()
    .positive()
    .max(MAX_PROCESSES)
    .optional()
    .meta({ default: DEFAULT_SESSIONS.most })
    .describe('How many processes all callers together may keep.'),
  start_seconds: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .meta({ default: DEFAULT_SESSIONS.startMs / 1000 })
    .describe('How long a call at `/api` waits for the process of its session to start.'),
});

/** The keys beside the servers; a change of these needs a restart. */
export const gatewaySchema = z.object({
  $schema: z.string().optional().describe('Where the JSON Schema of this file lies, for editors.'),
  hostname: z
    .string()
    .optional()
    .describe(
      `The address to listen at. \`--host\` goes first. Default: \`${DEFAULTS.mcpServers.hostname}\`, this machine alone; ` +
        `beside \`servers\` \`${DEFAULTS.servers.hostname}\`, every network.`,
    ),
  port: z
    .union([z.int().min(1).max(65535), z.string()], { error: 'must be a number' })
    .optional()
    .describe(
      `The port to listen at. \`--port\` goes first. Default: ${DEFAULTS.mcpServers.port}; beside \`servers\` it has to be there.`,
    ),
  debug: debugSchema.optional().describe('What the log holds.'),
  sessions: sessionsSchema
    .optional()
    .describe(
      'Limits of what keeps processes to itself: all of `/api`, the streams at `/<server>` of a file with `servers`, ' +
        'sessions at `/<server>/mcp` with a process of their own, and REST calls with `isolation` `principal` or `session`.',
    ),
  public_url: z
    .string()
    .optional()
    .describe(
      'The address under which people reach the gateway; the only source of absolute links. ' +
        '`--public-url` and `PUBLIC_URL` go first. Default: `http://localhost:<port>`.',
    ),
  allowed_hosts: z
    .array(z.string())
    .default([])
    .describe(
      'Further host names under which requests are answered. The public one, loopback names, IP addresses, ' +
        'single-label names, `.local` and `.internal` always are.',
    ),
  auth: authSchema
    .optional()
    .describe('If present, every request must carry one of these credentials; with nothing enabled none is let in.'),
  store: z
    .string()
    .optional()
    .describe(
      '`memory`, or `sqlite:<path>` relative to the folder of this file. `--store` goes first. ' +
        'Default: `sqlite:$HOME/.latchkey/latchkey.db`.',
    ),
  webui_secret_key: z
    .string()
    .optional()
    .describe(
      "Open WebUI's `WEBUI_SECRET_KEY`, which signs the tokens of its users. At least 16 characters. " +
        '`--webui-secret-key` and `WEBUI_SECRET_KEY` go first.',
    ),
  verify_jwt: z
    .boolean()
    .optional()
    .describe(
      'Where no credential is asked for and nothing can verify tokens: `true` refuses them, `false` (also ' +
        '`--no-verify-jwt`) believes them all, so that anybody can claim to be anybody. Default: they are believed only when they come from this ' +
        'machine, to a gateway that listens on this machine alone.',
    ),
  open_webui: openWebuiSchema.optional().describe('How callers that come through Open WebUI are known.'),
  anonymous_catalog: z
    .enum(ANONYMOUS_CATALOGS)
    .optional()
    .describe(
      'What callers without a credential, such as Open WebUI when it reads documents, see of servers where each person ' +
        'signs in: `learned`, all tools that somebody has been shown there; `connect-only`, the operation that connects; ' +
        '`off`, nothing. `--anonymous-catalog` goes first. Default: `learned` on a gateway that listens on this machine ' +
        'alone or with a `document_key`, else `connect-only`.',
    ),
  document_key: z
    .string()
    .optional()
    .describe(
      'Opens the documents to callers without a credential that ask for `openapi.json?key=<document_key>`. At least 16 ' +
        'characters: letters, digits, `.`, `_`, `~`, `-`. `--document-key` and `LATCHKEY_DOCUMENT_KEY` go first.',
    ),
});

export type GatewayEntry = z.infer<typeof gatewaySchema>;

const { $schema, ...gatewayShape } = gatewaySchema.shape;

/** The file as a whole; what documentation and JSON Schema are made from. */
export const configSchema = z.object({
  $schema,
  mcpServers: z
    .record(z.string(), serverSchema)
    .optional()
    .describe('The servers by name; the name is the first part of the path.'),
  servers: z
    .record(z.string(), serverSchema)
    .optional()
    .describe('The same, as in acehoss/mcp-gateway; some defaults are others then. A file has one of the two.'),
  ...gatewayShape,
});
