/** OpenAPI documents: one a server and one for all, rendered once for each set of tools and then served as bytes. */
import { LRUCache } from 'lru-cache';
import type { AnonymousCatalog } from '../config/model.ts';
import { isGuarded } from '../config/open-webui.ts';
import { SINGLE_SERVER_NAME } from '../config/single.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../log-sink.ts';
import { connectPath, connectTool } from '../openapi/connect.ts';
import { rootDocument, serverDocument } from '../openapi/document.ts';
import { documentPath } from '../openapi/document-path.ts';
import type { DocumentedServer, DocumentedTool } from '../openapi/model.ts';
import { type Rendered, render } from '../openapi/rendered.ts';
import { anonymousCatalogOf, type Settings } from '../settings.ts';
import { type Catalog, toolsAmong } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';
import { isPathOf, isShadowed } from './shadowed-tools.ts';

export interface DocumentOptions {
  readonly gateway: Gateway;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly rootPath: string;
  readonly pathPrefix: string;
  readonly single: string | undefined;
  /** Operations ask for a credential. */
  readonly secured: boolean;
  /** What callers without a credential see of servers where each person signs in. */
  readonly anonymousCatalog: AnonymousCatalog;
  readonly documentKey: string | undefined;
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
    secured: isGuarded(settings),
    anonymousCatalog: anonymousCatalogOf(settings),
    documentKey: settings.documentKey,
  };
}

/** One server with the tools that somebody is to see there. */
export interface ServerTools {
  readonly server: Server;
  /** Undefined: none are known. */
  readonly catalog: Catalog | undefined;
  /** True where not even the way to connect is to be seen. */
  readonly isHidden?: boolean;
}

/** Different people have different tools, so a document is kept for each combination that is asked for. */
const MOST_DOCUMENTS = 500;
const MOST_BYTES = 128 * 1024 * 1024;

export class Documents {
  readonly #options: DocumentOptions;
  /** By the numbers of all that a document is made of; equal tools are one object, whoever has them. */
  readonly #rendered = new LRUCache<string, Rendered>({
    max: MOST_DOCUMENTS,
    maxSize: MOST_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length + 1,
  });
  readonly #numbers = new WeakMap<object, number>();
  readonly #log: Log | undefined;
  readonly #warned = new WeakSet<Server>();
  #count = 0;

  constructor(options: DocumentOptions, log?: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** The document of one server; the single server's stands at the root, so it names no `servers` of its own. */
  ofServer(tools: ServerTools): Rendered {
    return this.#once(`${this.#number(this.#options.gateway.servers)} ${this.#keyOf(tools)}`, () =>
      this.#renderServer(tools),
    );
  }

  /** All operations of all servers. */
  ofAll(all: readonly ServerTools[]): Rendered {
    let key = `all ${this.#number(this.#options.gateway.servers)}`;
    for (const tools of all) key += ` ${this.#keyOf(tools)}`;
    return this.#once(key, () => this.#renderAll(all));
  }

  #once(key: string, make: () => Rendered): Rendered {
    const known = this.#rendered.get(key);
    if (known !== undefined) return known;
    const rendered = make();
    this.#rendered.set(key, rendered);
    return rendered;
  }

  /** Names of operations hang on the tools of everybody. */
  #keyOf({ server, catalog, isHidden }: ServerTools): string {
    return `${this.#number(server)}.${isHidden ? '-' : this.#number(catalog)}.${this.#number(server.learned)}`;
  }

  #number(object: object | undefined): number {
    if (object === undefined) return 0;
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(object, this.#count);
    return this.#count;
  }

  #renderServer(tools: ServerTools): Rendered {
    const { server } = tools;
    const { rootPath, pathPrefix, single, secured } = this.#options;
    const base = single === undefined ? `${rootPath}${pathPrefix}${documentPath(server.name)}` : rootPath;
    const options = { apiKey: secured, ...(base === '' ? {} : { servers: base }) };
    return render(serverDocument(withReachablePaths(this.#documented(tools), single), options));
  }

  /** Without tools whose address is one of another server: a call would go there, under the words of this one. */
  #documented(tools: ServerTools): DocumentedServer {
    const { gateway, ...routing } = this.#options;
    const server = documented(tools);
    const routes = { ...routing, servers: gateway.servers };
    const own = server.tools.filter((tool) => isPathOf(server.name, this.#pathOf(server.name, tool), routes));
    if (own.length < server.tools.length) this.#warnOfOthers(tools.server, server.tools, own);
    return { ...server, tools: own };
  }

  /** Once for each server: it may change its tools as often as it likes. */
  #warnOfOthers(server: Server, all: readonly DocumentedTool[], own: readonly DocumentedTool[]): void {
    if (this.#warned.has(server)) return;
    this.#warned.add(server);
    const tool = all.find((one) => !own.includes(one))?.name;
    this.#log?.warn(
      { server: server.name, tool, count: all.length - own.length },
      'documents leave out tools of this server: another server has their path',
    );
  }

  #pathOf(server: string, { path }: DocumentedTool): string {
    return `${this.#options.pathPrefix}${documentPath(server)}/${documentPath(path)}`;
  }

  #renderAll(all: readonly ServerTools[]): Rendered {
    const { rootPath, secured } = this.#options;
    const document = rootDocument(
      all.map((tools) => this.#documented(tools)),
      {
        title: this.#options.title,
        version: this.#options.version,
        description: this.#describe(all),
        apiKey: secured,
        pathOf: (server, tool) => this.#pathOf(server.name, tool),
        ...(rootPath === '' ? {} : { servers: rootPath }),
      },
    );
    return render(document);
  }

  /** mcpo's list of servers, with links that work behind a path prefix and a root path. */
  #describe(all: readonly ServerTools[]): string {
    const { rootPath, pathPrefix, description } = this.#options;
    const ready = all.filter(({ server, catalog, isHidden }) => {
      return isHidden !== true && (catalog !== undefined || server.isPersonal);
    });
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

function documented({ server, catalog, isHidden }: ServerTools): DocumentedServer {
  const { name, learned } = server;
  const title = catalog?.info.name ?? name;
  const tools = catalog === undefined ? [] : toolsAmong(catalog, learned);
  const connect = server.isPersonal && isHidden !== true ? [connectTool(name, learned)] : [];
  return {
    name,
    info: {
      title,
      version: catalog?.info.version ?? '1.0',
      description: catalog?.info.instructions ?? `${title} MCP Server`,
    },
    logins: server.guarded !== undefined,
    tools: [...tools, ...connect],
    ...(server.isPersonal ? { otherNames: everyName(server), connect: connectPath(name, learned) } : {}),
  };
}

/** Also what this reader does not see: ids must not depend on who reads. */
function everyName({ name, learned }: Server): string[] {
  return [...(learned?.tools ?? []).map((tool) => tool.name), connectPath(name, learned)];
}
