/** A server with sessions that asks back, logs, reports progress and changes: all that may happen beside an answer. */
import { randomUUID } from 'node:crypto';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ListToolsRequestSchema,
  SubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type Listening, listen } from './listen.ts';

export interface LivelyServer {
  readonly url: URL;
  readonly listening: Listening;
  /** Sessions that are open. */
  readonly sessions: ReadonlyMap<string, Server>;
  /** Says something to every session, in the session's own words. */
  tellAll(method: string, params: (session: string) => Record<string, unknown>): Promise<void>;
  /** Forgets all sessions, as a restart does. */
  forget(): void;
  close(): Promise<void>;
}

const TOOLS = ['echo', 'ask', 'report', 'wait'].map((name) => ({ name, inputSchema: { type: 'object' as const } }));
const CAPABILITIES = { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } };

export async function startLivelyServer(): Promise<LivelyServer> {
  const servers = new Map<string, Server>();
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const listening = await listen(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? transports.get(id) : undefined;
    if (known !== undefined) return known.handleRequest(request, response);
    if (id !== undefined) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }));
      return;
    }
    const server = livelyServer();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (fresh) => {
        servers.set(fresh, server);
        transports.set(fresh, transport);
      },
      onsessionclosed: (ended) => {
        servers.delete(ended);
        transports.delete(ended);
      },
    });
    await server.connect(transport as Parameters<Server['connect']>[0]);
    await transport.handleRequest(request, response);
  });
  return {
    url: new URL('/mcp', listening.origin),
    listening,
    sessions: servers,
    tellAll: async (method, params) => {
      await Promise.all([...servers].map(([id, server]) => server.notification({ method, params: params(id) })));
    },
    forget: () => {
      servers.clear();
      transports.clear();
    },
    close: async () => {
      for (const server of servers.values()) await server.close();
      await listening.stop();
    },
  };
}

function livelyServer(): Server {
  const server = new Server({ name: 'lively', version: '1' }, { capabilities: CAPABILITIES });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }));
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification, sendRequest, signal }) => {
    const words = String(params.arguments?.text ?? '');
    const progressToken = params._meta?.progressToken;
    if (params.name === 'report') {
      await sendNotification({ method: 'notifications/message', params: { level: 'error', data: words } });
      if (progressToken !== undefined) {
        const progress = { progressToken, progress: 1, message: words };
        await sendNotification({ method: 'notifications/progress', params: progress });
      }
    }
    if (params.name === 'wait') await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    if (params.name !== 'ask') return { content: [{ type: 'text', text: words }] };
    const content = { role: 'user' as const, content: { type: 'text' as const, text: words } };
    const question = { method: 'sampling/createMessage' as const, params: { messages: [content], maxTokens: 10 } };
    const answer = await sendRequest(question, CreateMessageResultSchema);
    return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] };
  });
  return server;
}
