/** OpenAPI documents: one a server and one for all, rendered once per change and then served as bytes with an ETag. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SINGLE_SERVER_NAME } from '../config/single.ts';
import type { Gateway } from '../gateway.ts';
import { rootDocument, serverDocument } from '../openapi/document.ts';
import { documentPath } from '../openapi/document-path.ts';
import type { DocumentedServer } from '../openapi/model.ts';
import { type Rendered, render } from '../openapi/rendered.ts';
import type { Settings } from '../settings.ts';
import type { Catalog } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';
import { FIRST_CONNECT_MS } from './tools.ts';

export interface DocumentOptions {
  readonly gateway: Gateway;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly rootPath: string;
  readonly pathPrefix: string;
  readonly single: string | undefined;
  /** Operations ask for the API key. */
  readonly secured: boolean;
}

/** The options that settings ask for. */
export function documentOptions(gateway: Gateway, settings: Settings): DocumentOptions {
  return {
    gateway,
    title: settings.name,
    version: settings.version,
    description: settings.description,
    rootPath: settings.rootPath,
    pathPrefix: settings.pathPrefix,
    single: settings.source.kind === 'single' ? SINGLE_SERVER_NAME : undefined,
    secured: settings.apiKey !== undefined || settings.auth !== undefined,
  };
}

export class Documents {
  readonly #options: DocumentOptions;
  readonly #servers = new WeakMap<Server, { catalog: Catalog | undefined; rendered: Rendered }>();
  #root: { revision: number; rendered: Rendered } | undefined;

  constructor(options: DocumentOptions) {
    this.#options = options;
  }

  /** The document of one server; the single server's stands at the root, so it names no `servers` of its own. */
  ofServer(server: Server): Rendered {
    const known = this.#servers.get(server);
    if (known !== undefined && known.catalog === server.catalog) return known.rendered;
    const { rootPath, pathPrefix, single, secured } = this.#options;
    const base = single === undefined ? `${rootPath}${pathPrefix}${documentPath(server.name)}` : rootPath;
    const options = { apiKey: secured, ...(base === '' ? {} : { servers: base }) };
    const rendered = render(serverDocument(documented(server), options));
    this.#servers.set(server, { catalog: server.catalog, rendered });
    return rendered;
  }

  /** All operations of all servers. */
  ofAll(): Rendered {
    const { gateway, rootPath, pathPrefix, secured } = this.#options;
    if (this.#root?.revision === gateway.revision) return this.#root.rendered;
    const { revision } = gateway;
    const servers = [...gateway.servers.values()];
    const document = rootDocument(servers.map(documented), {
      title: this.#options.title,
      version: this.#options.version,
      description: this.#describe(servers),
      apiKey: secured,
      pathOf: (server, tool) => `${pathPrefix}${documentPath(server.name)}/${documentPath(tool.path)}`,
      ...(rootPath === '' ? {} : { servers: rootPath }),
    });
    this.#root = { revision, rendered: render(document) };
    return this.#root.rendered;
  }

  /** mcpo's list of servers, with links that work behind a path prefix and a root path. */
  #describe(servers: readonly Server[]): string {
    const { rootPath, pathPrefix, description } = this.#options;
    const ready = servers.filter((server) => server.catalog !== undefined);
    if (ready.length === 0) return description;
    const links = ready.map(({ name }) => `\n    - [${name}](${rootPath}${pathPrefix}${encodeURI(name)}/docs)`);
    return `${description}\n\n- **available tools**：${links.join('')}`;
  }
}

function documented(server: Server): DocumentedServer {
  const { catalog, name } = server;
  const title = catalog?.info.name ?? name;
  return {
    name,
    info: {
      title,
      version: catalog?.info.version ?? '1.0',
      description: catalog?.info.instructions ?? `${title} MCP Server`,
    },
    tools: catalog?.tools ?? [],
  };
}

/** Serves the document at the root; `answerServerDocument` serves the others, whose paths only the router knows. */
export function documentRoutes(app: FastifyInstance, documents: Documents, options: DocumentOptions): void {
  const { gateway, single } = options;
  app.get(
    '/openapi.json',
    { schema: { tags: ['documents'], summary: 'The OpenAPI document of all servers' } },
    async (request, reply) => {
      const server = single === undefined ? undefined : gateway.servers.get(single);
      if (server !== undefined) return answerServerDocument(server, documents, request, reply);
      await gateway.firstCatalogs(FIRST_CONNECT_MS);
      return sendRendered(documents.ofAll(), request, reply);
    },
  );
}

/** Waits for a first connect under way: some clients keep an empty document for ever. */
export async function answerServerDocument(
  server: Server,
  documents: Documents,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  await server.firstCatalog(FIRST_CONNECT_MS);
  return sendRendered(documents.ofServer(server), request, reply);
}

function sendRendered({ bytes, etag }: Rendered, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'no-cache');
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(bytes);
}

/** RFC 9110 13.1.2: a list of tags or `*`, compared weakly. */
function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
