/** A server with sessions that asks back, logs, reports progress and changes: all that may happen beside an answer. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ListToolsRequestSchema,
  SubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type SessionServer, startSessionServer } from './session-server.ts';

export interface LivelyServer extends SessionServer {
  /** Says something to every session, in the session's own words. */
  tellAll(method: string, params: (session: string) => Record<string, unknown>): Promise<void>;
}

const TOOLS = ['echo', 'ask', 'report', 'wait'].map((name) => ({ name, inputSchema: { type: 'object' as const } }));
const CAPABILITIES = { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } };

export async function startLivelyServer(): Promise<LivelyServer> {
  const started = await startSessionServer(livelyServer);
  return {
    ...started,
    tellAll: async (method, params) => {
      const { sessions } = started;
      await Promise.all([...sessions].map(([id, server]) => server.notification({ method, params: params(id) })));
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
