/** Servers of the v1 SDK over streamable HTTP, one for each session. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type Listening, listen } from './listen.ts';

export interface SessionServer {
  readonly url: URL;
  readonly listening: Listening;
  /** Those of the sessions that are open. */
  readonly sessions: ReadonlyMap<string, Server>;
  /** How many sessions there have been. */
  started(): number;
  /** Forgets all sessions, as a restart does. */
  forget(): void;
  close(): Promise<void>;
}

/** `json`: answers as JSON instead of event streams. */
export async function startSessionServer(newServer: () => Server, { json = false } = {}): Promise<SessionServer> {
  const sessions = new Map<string, Server>();
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const servers: Server[] = [];
  const listening = await listen(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const known = transports.get(String(id));
    if (known !== undefined) return known.handleRequest(request, response);
    if (id !== undefined) return refuse(response, 'Session not found');
    const server = newServer();
    servers.push(server);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: json,
      onsessioninitialized: (fresh) => {
        sessions.set(fresh, server);
        transports.set(fresh, transport);
      },
      onsessionclosed: (ended) => {
        sessions.delete(ended);
        transports.delete(ended);
      },
    });
    // The SDK's own types disagree under exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<Server['connect']>[0]);
    await transport.handleRequest(request, response);
  });
  return {
    url: new URL('/mcp', listening.origin),
    listening,
    sessions,
    started: () => servers.length,
    forget: () => {
      sessions.clear();
      transports.clear();
    },
    close: async () => {
      for (const server of servers) await server.close();
      await listening.stop();
    },
  };
}

/** 404 with the error of JSON-RPC by which the SDK says that there is no such session. */
export function refuse(response: ServerResponse, message: string): void {
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message }, id: null }));
}
