/** OpenAPI documents: one a server and one for all, rendered once for each set of tools and then served as bytes. */
import { SINGLE_SERVER_NAME } from '../config/single.ts';
import type { Gateway } from '../gateway.ts';
import { connectTool } from '../openapi/connect.ts';
import { rootDocument, serverDocument } from '../openapi/document.ts';
import { documentPath } from '../openapi/document-path.ts';
import type { DocumentedServer, DocumentedTool } from '../openapi/model.ts';
import { type Rendered, render } from '../openapi/rendered.ts';
import type { Settings } from '../settings.ts';
import type { Catalog } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';
import { isShadowed } from './shadowed-tools.ts';

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

/** One server with the tools that somebody has there; undefined: none are known. */
export interface ServerTools {
  readonly server: Server;
  readonly catalog: Catalog | undefined;
}

/** Different people have different tools, so a root document is kept for each combination that is asked for. */
const MOST_ROOTS = 50;

export class Documents {
  readonly #options: DocumentOptions;
  /** By the tools where there are some, which are one object for all who share them, else by the server. */
  readonly #servers = new WeakMap<object, Rendered>();
  readonly #roots = new Map<string, Rendered>();
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;

  constructor(options: DocumentOptions) {
    this.#options = options;
  }

  /** The document of one server; the single server's stands at the root, so it names no `servers` of its own. */
  ofServer(tools: ServerTools): Rendered {
    const { server, catalog } = tools;
    const known = this.#servers.get(catalog ?? server);
    if (known !== undefined) return known;
    const { rootPath, pathPrefix, single, secured } = this.#options;
    const base = single === undefined ? `${rootPath}${pathPrefix}${documentPath(server.name)}` : rootPath;
    const options = { apiKey: secured, ...(base === '' ? {} : { servers: base }) };
    const rendered = render(serverDocument(withReachablePaths(documented(tools), single), options));
    this.#servers.set(catalog ?? server, rendered);
    return rendered;
  }

  /** All operations of all servers. */
  ofAll(all: readonly ServerTools[]): Rendered {
    const key = all.map(({ server, catalog }) => this.#number(catalog ?? server)).join();
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const { rootPath, pathPrefix, secured } = this.#options;
    const document = rootDocument(all.map(documented), {
      title: this.#options.title,
      version: this.#options.version,
      description: this.#describe(all),
      apiKey: secured,
      pathOf: (server, tool) => `${pathPrefix}${documentPath(server.name)}/${documentPath(tool.path)}`,
      ...(rootPath === '' ? {} : { servers: rootPath }),
    });
    const rendered = render(document);
    const [oldest] = this.#roots.keys();
    if (oldest !== undefined && this.#roots.size >= MOST_ROOTS) this.#roots.delete(oldest);
    this.#roots.set(key, rendered);
    return rendered;
  }

  #number(object: object): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(object, this.#count);
    return this.#count;
  }

  /** mcpo's list of servers, with links that work behind a path prefix and a root path. */
  #describe(all: readonly ServerTools[]): string {
    const { rootPath, pathPrefix, description } = this.#options;
    const ready = all.filter(({ server, catalog }) => catalog !== undefined || server.isPersonal);
    if (ready.length === 0) return description;
    const links = ready.map(
      ({ server: { name } }) => `\n    - [${name}](${rootPath}${pathPrefix}${encodeURI(name)}/docs)`,
    );
    return `${description}\n\n- **available tools**：${links.join('')}`;
  }
}

/** At the root of a single server some paths are our own; the tools there are below its name. */
function withReachablePaths(server: DocumentedServer, single: string | undefined): DocumentedServer {
  if (single === undefined || !server.tools.some(({ path }) => isShadowed(path))) return server;
  return { ...server, tools: server.tools.map((tool) => (isShadowed(tool.path) ? below(single, tool) : tool)) };
}

/** Over the tool, not a copy of it: its checker is compiled on first use. */
function below(server: string, tool: DocumentedTool): DocumentedTool {
  return Object.create(tool, { path: { value: `${server}/${tool.path}`, enumerable: true } }) as DocumentedTool;
}

function documented({ server, catalog }: ServerTools): DocumentedServer {
  const { name } = server;
  const title = catalog?.info.name ?? name;
  const tools = catalog?.tools ?? [];
  return {
    name,
    info: {
      title,
      version: catalog?.info.version ?? '1.0',
      description: catalog?.info.instructions ?? `${title} MCP Server`,
    },
    logins: server.guarded !== undefined,
    tools: server.isPersonal ? [...tools, connectTool(name, catalog)] : tools,
  };
}
