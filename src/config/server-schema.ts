/** The keys of one entry; the descriptions become the documentation and the JSON Schema. */

import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { DEFAULTS } from './defaults.ts';
import { oauthSchema } from './oauth-schema.ts';

/** Spelled as mcpo and other clients do; all but the first two mean streamable HTTP. */
export const SERVER_TYPES = ['stdio', 'sse', 'streamable-http', 'streamable_http', 'streamablehttp', 'http'] as const;

/** Protocol revisions that can be insisted on. */
export const PROTOCOL_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;

/** The longest that a timer of Node.js can wait, in whole days. */
const MAX_TIMEOUT_SECONDS = 24 * 24 * 3600;

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a string' });
const plainText = scalar.refine((value) => !String(value).includes('\0'), 'must not hold a NUL character');
const toolNames = z.array(z.string());

const forwardingSchema = z.object({
  enabled: z.boolean().default(false).describe('Switches forwarding on.'),
  whitelist: z
    .array(z.string())
    .default([])
    .describe(
      'Names of headers that may pass, in any case; `*` stands for any text, as in `X-User-*`. Empty: all but cookies, ' +
        'headers of the connection, and the credential that let the caller in.',
    ),
  blacklist: z.array(z.string()).default([]).describe('Names of headers that never pass, even when whitelisted.'),
  debug_headers: z.boolean().default(false).describe('Logs the names (never the values) of the headers forwarded.'),
});

export const serverSchema = z.object({
  type: z
    .enum(SERVER_TYPES)
    .optional()
    .describe(
      'How the server is reached. `http`, `streamable_http` and `streamablehttp` mean `streamable-http`. ' +
        'Without it an entry with `url` is `sse` (as in mcpo), any other `stdio`.',
    ),
  command: z.string().optional().describe('The program to start (stdio). It is run directly, without a shell.'),
  args: z.array(plainText).default([]).describe("The program's arguments (stdio). Numbers are taken as written."),
  env: z
    .record(z.string().regex(/^[^=\0]+$/), plainText)
    .default({})
    .describe("Variables added to the program's environment (stdio)."),
  cwd: z
    .string()
    .optional()
    .describe("The program's working directory (stdio), relative to the folder of this file. Default: the gateway's."),
  path: z.string().optional().describe('Another name of `cwd`, which wins if both are there; only below `servers`.'),
  inherit_env: z
    .boolean()
    .default(true)
    .describe(
      "Whether the program also gets the gateway's environment (stdio), without `LATCHKEY_*`, `WEBUI_SECRET_KEY` and " +
        'the variables that other entries use. `false` leaves only `PATH`, `HOME` and the like.',
    ),
  url: z
    .string()
    .refine(isHttpUrl, 'must be an http:// or https:// URL')
    .optional()
    .describe('The address of the server (sse, streamable-http).'),
  headers: z
    .record(z.string(), scalar)
    .superRefine(checkHeaders)
    .default({})
    .describe('Headers sent with every request to the server (sse, streamable-http).'),
  disabled: z.boolean().default(false).describe('`true` leaves the server out; its variables need not be set.'),
  // No default of zod's here and below: an absent key must stay absent, to be told from one that says the same.
  disabledTools: toolNames
    .optional()
    .meta({ default: [] })
    .describe('Tools to leave out: exact names, or patterns in which `*` stands for any text.'),
  disabled_tools: toolNames.optional().describe('Another spelling of `disabledTools`, which wins if both are there.'),
  enabledTools: toolNames
    .optional()
    .describe('If present, only these tools are offered: exact names, or patterns with `*`.'),
  enabled_tools: toolNames.optional().describe('Another spelling of `enabledTools`, which wins if both are there.'),
  timeout: z
    .number()
    .positive()
    .max(MAX_TIMEOUT_SECONDS)
    .optional()
    .meta({ default: DEFAULTS.mcpServers.timeout })
    .describe(
      "Seconds to wait for the server's answer, counted anew at each sign of progress. " +
        `Below \`servers\`: ${DEFAULTS.servers.timeout}.`,
    ),
  isolation: z
    .enum(['shared', 'principal', 'session'])
    .optional()
    .meta({ default: DEFAULTS.mcpServers.isolation })
    .describe(
      'Who shares one connection (or process): everybody, the calls of one person, or those of one session. ' +
        'Always `principal` where each person signs in, and always `session` at `/api` and for the streams at `/<server>` ' +
        `of a file with \`servers\`. Below \`servers\`: \`${DEFAULTS.servers.isolation}\`.`,
    ),
  start: z
    .enum(['always', 'on-demand'])
    .optional()
    .meta({ default: DEFAULTS.mcpServers.start })
    .describe(
      'When the connection (or process) that all share is made: with the gateway, or when it is needed, until it has not ' +
        `been for a while. Below \`servers\`: \`${DEFAULTS.servers.start}\`.`,
    ),
  protocol_version: z
    .enum(PROTOCOL_VERSIONS)
    .optional()
    .describe('The MCP revision to insist on. Default: the newest that both sides know.'),
  client_header_forwarding: forwardingSchema
    .optional()
    .describe("Which headers of the caller's request go on to the server with a tool call (sse, streamable-http)."),
  oauth: oauthSchema
    .optional()
    .describe(
      'The server wants people to sign in (sse, streamable-http). `true` is enough where the server says how; a mapping ' +
        'for the rest. Each person gets a login of their own unless `multi_user` says otherwise.',
    ),
});

export type ServerEntry = z.infer<typeof serverSchema>;

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function checkHeaders(headers: Record<string, unknown>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(headers)) {
    const message = headerFlaw(name, String(value));
    if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
  }
}

/** Why a header cannot be sent, if so. */
export function headerFlaw(name: string, value: string): string | undefined {
  try {
    validateHeaderName(name);
  } catch {
    return 'is not a valid header name';
  }
  if (/[\r\n]/.test(value)) return 'must not hold a line break (a secret read from a file often ends in one)';
  try {
    validateHeaderValue(name, value);
  } catch {
    return 'holds a character that a header cannot carry';
  }
  return undefined;
}
