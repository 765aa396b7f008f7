/** Servers made with the official SDKs: v1 over streamable HTTP and SSE, v2 stateless. */
import type { IncomingMessage } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Server as V1Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, Server as V2Server } from '@modelcontextprotocol/server';
import { type Listening, listen } from './listen.ts';
import { refuse, startSessionServer } from './session-server.ts';
import { CallRecord, runTool, type ToolDefinition, toolDefinitions } from './toolset.ts';

const INFO = { name: 'sdk-server', version: '2.0.0' };
const OPTIONS = { capabilities: { tools: { listChanged: true } } };

export interface SdkServer {
  readonly url: URL;
  readonly record: CallRecord;
  readonly listening: Listening;
  /** Another number of extra tools, announced to all sessions. */
  changeTools(extra: number): Promise<void>;
  /** Forgets all sessions, as a restart does. */
  forget(): void;
  close(): Promise<void>;
}

/** What the SDK servers of one test have in common. */
class Shared {
  readonly record = new CallRecord();
  readonly servers = new Set<V1Server>();
  extra = 0;

  newServer(): V1Server {
    const server = new V1Server(INFO, OPTIONS);
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: toolDefinitions(this.extra) }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal, sendNotification }) => {
      const progressToken = params._meta?.progressToken;
      const progress = async (step: number): Promise<void> => {
        if (progressToken === undefined) return;
        await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: step } });
      };
      return runTool(params.name, params.arguments ?? {}, { signal, progress }, this.record);
    });
    this.servers.add(server);
    return server;
  }

  async changeTools(extra: number): Promise<void> {
    this.extra = extra;
    for (const server of this.servers) await server.sendToolListChanged();
  }

  async close(listening: Listening): Promise<void> {
    for (const server of this.servers) await server.close();
    await listening.stop();
  }
}

/** Streamable HTTP with sessions, 2025-03-26 to 2025-11-25. */
export async function startStreamableServer({ json = false } = {}): Promise<SdkServer> {
  const shared = new Shared();
  const { url, listening, forget, close } = await startSessionServer(() => shared.newServer(), { json });
  return { url, record: shared.record, listening, changeTools: (extra) => shared.changeTools(extra), forget, close };
}

/** HTTP+SSE of 2024-11-05. */
export async function startSseServer(): Promise<SdkServer> {
  const shared = new Shared();
  const sessions = new Map<string, SSEServerTransport>();
  const listening = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/message?kind=test', response);
      sessions.set(transport.sessionId, transport);
      await shared.newServer().connect(transport);
      return;
    }
    const session = sessions.get(url.searchParams.get('sessionId') ?? '');
    if (session === undefined) return refuse(response, 'Could not find session');
    // Where the stream has gone meanwhile it answers 500, and throws besides.
    await session.handlePostMessage(request, response).catch(() => undefined);
  });
  return {
    url: new URL('/sse', listening.origin),
    record: shared.record,
    listening,
    changeTools: (extra) => shared.changeTools(extra),
    forget: () => sessions.clear(),
    close: () => shared.close(listening),
  };
}

/** The v2 SDK; refuses everything but 2026-07-28 unless `legacy`. */
export async function startStatelessServer({
  legacy = false,
} = {}): Promise<SdkServer & { readonly headers: IncomingMessage['headers'][] }> {
  const record = new CallRecord();
  const headers: IncomingMessage['headers'][] = [];
  let extra = 0;
  const handler = createMcpHandler(
    () => {
      const server = new V2Server(INFO, OPTIONS);
      server.setRequestHandler('tools/list', () => ({ tools: [...toolDefinitions(extra), MIRRORED] }));
      server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
        const progressToken = mcpReq._meta?.progressToken;
        const progress = async (step: number): Promise<void> => {
          if (progressToken === undefined) return;
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: step } });
        };
        return runTool(params.name, params.arguments ?? {}, { signal: mcpReq.signal, progress }, record);
      });
      return server;
    },
    { legacy: legacy ? 'stateless' : 'reject' },
  );
  const serve = toNodeHandler(handler);
  const listening = await listen((request, response) => {
    headers.push(request.headers);
    // The SDK's own types disagree under exactOptionalPropertyTypes.
    void serve(request as Parameters<typeof serve>[0], response as unknown as Parameters<typeof serve>[1]);
  });
  return {
    url: new URL('/mcp', listening.origin),
    record,
    headers,
    listening,
    changeTools: async (count) => {
      extra = count;
      handler.notify.toolsChanged();
    },
    forget: () => undefined,
    close: async () => {
      await handler.close();
      await listening.stop();
    },
  };
}

/** A tool whose arguments must also stand in headers. */
export const MIRRORED: ToolDefinition = {
  name: 'mirrored',
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      count: { type: 'integer', 'x-mcp-header': 'Count' },
      nested: { type: 'object', properties: { flag: { type: 'boolean', 'x-mcp-header': 'Flag' } } },
    },
  },
};
