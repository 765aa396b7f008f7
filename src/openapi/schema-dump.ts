/** The document of `/api`, word for word as acehoss/mcp-gateway prints it, with where that is and what is asked for there. */
import { isRecord, type JsonSchema } from '../schema/json-schema.ts';
import type { DocumentedServer, DocumentedTool } from './model.ts';

/** A tool as this document needs it. */
export type DumpedTool = Pick<DocumentedTool, 'name' | 'description' | 'inputSchema'>;

/** A server as this document needs it. */
export interface DumpedServer extends Pick<DocumentedServer, 'name'> {
  /** In the server's order, each name once. */
  readonly tools: readonly DumpedTool[];
}

export interface SchemaDumpOptions {
  /** The address that the paths are under, `/api` included. */
  readonly url: string;
  /** Accounts are let in, and */
  readonly basic: boolean;
  /** holders of a key or a token; neither: no credential is named. */
  readonly bearer: boolean;
}

type SecurityScheme = 'basicAuth' | 'bearerAuth';

export interface SchemaDump {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: { readonly securitySchemes: Readonly<Record<string, object>> };
  /** Each entry is one way in. */
  readonly security?: readonly Partial<Record<SecurityScheme, readonly string[]>>[];
}

/** The tools in the order of `servers`, then where session ids come from. Keys and texts are those of the original. */
export function schemaDump(servers: readonly DumpedServer[], options: SchemaDumpOptions): SchemaDump {
  const tools = servers.flatMap((server) =>
    server.tools.map((tool) => [schemaDumpPath(server.name, tool.name), { post: operationOf(server.name, tool) }]),
  );
  return {
    openapi: '3.0.0',
    info: { title: 'MCP Gateway Tools', version: '1.0.0' },
    servers: [{ url: options.url }],
    paths: { ...Object.fromEntries(tools), '/sessionid': SESSION_ID },
    ...credentials(options),
  };
}

/**
 * Where a tool is under `/api`. The original writes names as they are; here what cannot stand in a path (RFC 3986 3.3), and
 * braces, which would make a parameter of it, are escaped. Halves of characters become U+FFFD.
 */
export function schemaDumpPath(server: string, tool: string): string {
  return encodeURI(`/${server}/${tool}`.replace(/\p{Cs}/gu, '\ufffd')).replace(/[?#]/g, encodeURIComponent);
}

function operationOf(server: string, { name, description, inputSchema }: DumpedTool): object {
  return {
    operationId: `${server}-${name}`,
    summary: `Call tool: ${name}`,
    description: description ?? '',
    parameters: [
      {
        name: 'sessionId',
        in: 'query',
        schema: { type: 'string' },
        required: true,
        description: 'Session ID for the tool call. Get one from GET /api/sessionid',
      },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(inputSchema) } } },
    responses: { '200': { description: 'Success' } },
  };
}

/** As the server wrote it; one that is missing or no object says nothing, and takes any arguments. */
function schemaOf(inputSchema: unknown): JsonSchema {
  return isRecord(inputSchema) ? inputSchema : { type: 'object' };
}

const SESSION_ID = {
  get: {
    summary: 'Generate a new session ID',
    description: 'Returns a new session ID that can be used for tool calls',
    responses: {
      '200': {
        description: 'A new session ID',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: { sessionId: { type: 'string', description: 'The generated session ID' } },
              required: ['sessionId'],
            },
          },
        },
      },
    },
  },
};

function credentials({ basic, bearer }: SchemaDumpOptions): Pick<SchemaDump, 'components' | 'security'> {
  const schemes: [SecurityScheme, object][] = [
    ...(basic ? [['basicAuth', { type: 'http', scheme: 'basic' }] as [SecurityScheme, object]] : []),
    ...(bearer ? [['bearerAuth', { type: 'http', scheme: 'bearer' }] as [SecurityScheme, object]] : []),
  ];
  if (schemes.length === 0) return {};
  return {
    components: { securitySchemes: Object.fromEntries(schemes) },
    security: schemes.map(([name]) => ({ [name]: [] })),
  };
}
