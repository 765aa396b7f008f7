/** A server of the newer SDK with all that 2026-07-28 has: questions, logs, progress, prompts, resources, subscriptions. */
import { inputRequired, inputResponse, Server } from '@modelcontextprotocol/server';
import { pause } from '../../helpers/wait.ts';

const INFO = { name: 'modern-server', version: '2.0.0', title: 'Modern' };
const INPUT = { type: 'object', properties: {} } as const;
const TOOLS = ['echo', 'slow', 'log', 'progress', 'ask', 'ask-all', 'ask-url', 'endless', 'later', 'list', 'change'];

export interface ModernServerOptions {
  readonly onCancelled?: () => void;
  /** Tells all who listen. */
  readonly change?: (server: Server, what: string) => void;
}

type Text = { content: { type: 'text'; text: string }[] };

function text(value: unknown): Text {
  return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] };
}

const ASK_NAME = inputRequired.elicit({
  message: 'Who are you?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
});

export function modernServer(options: ModernServerOptions = {}): Server {
  const server = new Server(INFO, {
    instructions: 'Be kind.',
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      logging: {},
      completions: {},
    },
  });
  server.setRequestHandler('tools/list', () => ({
    tools: TOOLS.map((name) => ({
      name,
      inputSchema: INPUT,
      ...(name === 'list' ? { outputSchema: { type: 'array', items: { type: 'number' } } } : {}),
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const args = params.arguments ?? {};
    const answers = mcpReq.inputResponses;
    switch (params.name) {
      case 'echo':
        return text({ args, meta: mcpReq._meta, envelope: mcpReq.envelope });
      case 'slow':
        mcpReq.signal.addEventListener('abort', () => options.onCancelled?.());
        await pause(Number(args.ms), mcpReq.signal);
        return text('slept');
      case 'log':
        await mcpReq.log('debug', `quiet ${args.text}`);
        await mcpReq.log('warning', `loud ${args.text}`);
        return text('logged');
      case 'progress':
        for (let step = 1; step <= Number(args.steps); step += 1) {
          const progressToken = mcpReq._meta?.progressToken;
          if (progressToken === undefined) continue;
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: step } });
        }
        return text('arrived');
      case 'ask': {
        const answer = inputResponse(answers, 'name');
        if (answer.kind === 'missing')
          return inputRequired({ inputRequests: { name: ASK_NAME }, requestState: 'asked' });
        return text({ answer, state: mcpReq.requestState() });
      }
      case 'ask-all': {
        const round = Number(mcpReq.requestState<string>() ?? 0);
        if (round === 1 && answers !== undefined)
          return inputRequired({ inputRequests: { again: ASK_NAME }, requestState: '2' });
        if (round === 2) return text({ answers });
        return inputRequired({
          inputRequests: {
            name: ASK_NAME,
            model: inputRequired.createMessage({ messages: [], maxTokens: 10 }),
            roots: inputRequired.listRoots(),
          },
          requestState: '1',
        });
      }
      case 'ask-url':
        if (answers !== undefined) return text({ answers });
        return inputRequired({
          inputRequests: { url: inputRequired.elicitUrl({ message: 'Open it', url: 'https://example.com/' }) },
        });
      case 'endless':
        return inputRequired({
          inputRequests: { name: ASK_NAME },
          requestState: `${mcpReq.requestState<string>() ?? ''}x`,
        });
      case 'later':
        return mcpReq.requestState<string>() === 'later' ? text('now') : inputRequired({ requestState: 'later' });
      case 'list':
        return { content: [], structuredContent: [1, 2] };
      case 'change':
        options.change?.(server, String(args.what));
        return text('changed');
      default:
        throw new Error(`no tool ${params.name}`);
    }
  });
  server.setRequestHandler('prompts/list', () => ({ prompts: [{ name: 'greet' }] }));
  server.setRequestHandler('prompts/get', ({ params }, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'name');
    if (params.name === 'ask' && answer.kind === 'missing') return inputRequired({ inputRequests: { name: ASK_NAME } });
    return { messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(answer) } }] };
  });
  server.setRequestHandler('resources/list', () => ({ resources: [{ uri: 'test://a', name: 'a' }] }));
  server.setRequestHandler('resources/read', ({ params }) => ({ contents: [{ uri: params.uri, text: 'content' }] }));
  server.setRequestHandler('completion/complete', () => ({ completion: { values: ['x'] } }));
  return server;
}
