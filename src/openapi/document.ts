/** Builds OpenAPI documents from tool lists: one like mcpo's for each server, and one for all servers together. */

import type { JsonSchema } from '../schema/json-schema.ts';
import { documentPath } from './document-path.ts';
import type { DocumentedServer, DocumentedTool, DocumentInfo, OpenApiDocument, Operation } from './model.ts';
import { componentStems, rootOperationIds, serverOperationIds } from './names.ts';
import { type NamedTool, operationOf } from './operation.ts';
import { affordable, toolSchemas } from './room.ts';
import { LOGIN_SCHEMAS, SHARED_SCHEMAS, sharedResponses } from './shared.ts';

export interface ServerDocumentOptions {
  /** The URL under which the paths are, e.g. `/time`. */
  readonly servers?: string;
  /** True when calls need the API key. */
  readonly apiKey: boolean;
}

export interface RootDocumentOptions extends ServerDocumentOptions, DocumentInfo {
  /** The whole path of a tool, as it is to stand in the document. */
  readonly pathOf: (server: DocumentedServer, tool: DocumentedTool) => string;
}

interface PlacedTool extends NamedTool {
  readonly path: string;
  /** Its server wants each person to sign in. */
  readonly logins: boolean;
}

/** The document of one server: mcpo's paths, names and operationIds, in the order of its tools. */
export function serverDocument(server: DocumentedServer, options: ServerDocumentOptions): OpenApiDocument {
  const names = namesOf(server);
  const ids = byName(names, serverOperationIds(names, server.connect));
  const stems = byName(names, componentStems(names));
  const tools = server.tools.map((tool) => ({
    tool,
    operationId: ids.get(tool.name) ?? '',
    stem: stems.get(tool.name) ?? '',
    path: `/${documentPath(tool.path)}`,
    logins: server.logins === true,
  }));
  return build(server.info, tools, options);
}

/** The document of all servers: the same tools, under ids that are unique over all of them, tagged by server. */
export function rootDocument(servers: readonly DocumentedServer[], options: RootDocumentOptions): OpenApiDocument {
  const ids = rootOperationIds(
    servers.map((server) => {
      const { name, connect } = server;
      return { server: name, tools: namesOf(server), ...(connect === undefined ? {} : { connect }) };
    }),
  );
  const tools = servers.flatMap((server, at) => {
    const logins = server.logins === true;
    return server.tools.map((tool) => {
      const operationId = ids[at]?.get(tool.name) ?? '';
      return { tool, operationId, stem: operationId, tag: server.name, path: options.pathOf(server, tool), logins };
    });
  });
  return build(options, tools, options);
}

/** All names that operationIds are chosen among, whoever reads the document. */
function namesOf({ tools, otherNames = [] }: DocumentedServer): string[] {
  return [...new Set([...otherNames, ...tools.map(({ name }) => name)])];
}

function byName(names: readonly string[], chosen: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name, at) => [name, chosen[at] ?? '']));
}

function build(info: DocumentInfo, all: readonly PlacedTool[], options: ServerDocumentOptions): OpenApiDocument {
  const tools = affordable(all);
  const { title, version, description } = info;
  const document: OpenApiDocument = {
    openapi: '3.1.0',
    info: { title, version, description },
    ...(options.servers === undefined ? {} : { servers: [{ url: options.servers }] }),
    paths: Object.fromEntries(tools.map((tool) => [tool.path, pathItem(tool, options.apiKey)])),
  };
  return tools.length === 0 ? document : { ...document, components: components(tools, options.apiKey) };
}

function pathItem(tool: PlacedTool, secured: boolean): { readonly post: Operation } {
  return { post: operationOf(tool, { secured, logins: tool.logins }) };
}

function components(tools: readonly PlacedTool[], secured: boolean): NonNullable<OpenApiDocument['components']> {
  const logins = tools.some((tool) => tool.logins);
  const shared = logins ? { ...SHARED_SCHEMAS, ...LOGIN_SCHEMAS } : SHARED_SCHEMAS;
  const schemas: [string, JsonSchema][] = [...Object.entries(shared), ...toolSchemas(tools)];
  schemas.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    schemas: Object.fromEntries(schemas),
    responses: sharedResponses({ secured, logins }),
    ...(secured ? { securitySchemes: { HTTPBearer: { type: 'http', scheme: 'bearer' } } } : {}),
  };
}
