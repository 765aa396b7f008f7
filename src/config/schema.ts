/** The whole file: `mcpServers` and the gateway's own keys beside it. */

import { z } from 'zod';
import { serverSchema } from './server-schema.ts';

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
        .array(z.string().min(1, 'must not be empty'))
        .default([])
        .describe('The tokens that are let in, sent as `Authorization: Bearer <token>`.'),
    })
    .optional()
    .describe('Fixed bearer tokens.'),
});

const openWebuiSchema = z.object({
  url: z.string().optional().describe('Where Open WebUI is reached from here.'),
  user_jwt_secret: z.string().optional().describe("The secret of Open WebUI's signed user header."),
  trust_forwarded_user: z.boolean().optional().describe("Whether Open WebUI's unsigned user headers are believed."),
});

/** The keys beside `mcpServers`; a change of these needs a restart. */
export const gatewaySchema = z.object({
  $schema: z.string().optional().describe('Where the JSON Schema of this file lies, for editors.'),
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
    .describe("Open WebUI's `WEBUI_SECRET_KEY`, which signs its JWTs. Read, but without effect in this version."),
  verify_jwt: z
    .boolean()
    .optional()
    .describe('Whether JWTs must be verified. Read, but without effect in this version.'),
  open_webui: openWebuiSchema
    .optional()
    .describe('How callers that come through Open WebUI are known. Read, but without effect in this version.'),
});

export type GatewayEntry = z.infer<typeof gatewaySchema>;

const { $schema, ...gatewayShape } = gatewaySchema.shape;

/** The file as a whole; what documentation and JSON Schema are made from. */
export const configSchema = z.object({
  $schema,
  mcpServers: z
    .record(z.string(), serverSchema)
    .describe('The servers by name; the name is the first part of the path.'),
  ...gatewayShape,
});
