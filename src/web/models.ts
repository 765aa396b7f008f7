/** What the pages show, as plain data. */
import type { Gateway } from '../gateway.ts';
import { DEFAULT_DESCRIPTION, DEFAULT_NAME } from '../settings.ts';
import type { Server } from '../upstream/server.ts';

export interface ServerModel {
  readonly name: string;
  readonly state: 'connecting' | 'ready' | 'failed' | 'closed';
  /** The state in words. */
  readonly words: string;
  readonly tools: number | null;
  /** Relative to the gateway's root, prefix included. */
  readonly path: string;
  /** Why it failed; only for those who may know. */
  readonly reason: string | undefined;
}

/** What the frame around every page shows. */
interface PageModel {
  /** Also the title of the window. */
  readonly heading: string;
  readonly rootPath: string;
}

export interface HomeModel extends PageModel {
  readonly description: string;
  readonly publicUrl: string;
  readonly single: boolean;
  readonly servers: readonly ServerModel[];
  readonly warnings: readonly string[];
}

export interface DocsModel extends PageModel {
  /** Address of the document to show. */
  readonly documentUrl: string;
  readonly isRootDocs: boolean;
}

/** The document's default name tells people nothing; one that the operator gave is shown. */
export function gatewayName(name: string): string {
  return name === DEFAULT_NAME ? 'latchkey' : name;
}

export function gatewayDescription(description: string): string {
  if (description !== DEFAULT_DESCRIPTION) return description;
  return 'MCP servers as plain REST. Give a client one of these addresses, or try the tools right here.';
}

export function serverModel(server: Server, pathPrefix: string, mayKnowReasons: boolean): ServerModel {
  const { state } = server;
  const tools = server.catalog?.tools.length ?? null;
  return {
    name: server.name,
    state: state.state,
    words: words(server, tools),
    tools,
    path: `${pathPrefix}${encodeURI(server.name)}`,
    reason: mayKnowReasons && state.state === 'failed' ? state.reason : undefined,
  };
}

export function serverModels(gateway: Gateway, pathPrefix: string, mayKnowReasons: boolean): ServerModel[] {
  return [...gateway.servers.values()].map((server) => serverModel(server, pathPrefix, mayKnowReasons));
}

function words(server: Server, tools: number | null): string {
  const count = tools === null ? '' : tools === 1 ? '1 tool' : `${tools} tools`;
  switch (server.state.state) {
    case 'ready':
      return `Ready, ${count}`;
    case 'connecting':
      return tools === null ? 'Connecting' : `Connecting, ${count} known`;
    default:
      return tools === null
        ? 'Not available; latchkey keeps trying'
        : `Not available, ${count} known; latchkey keeps trying`;
  }
}
