/** A server of the v1 SDK that uses all that sessions allow: it asks back, logs, reports progress and tells of changes. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
  type LoggingLevel,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { commandEndpoint, type StdioEndpoint, TSX } from '../helpers/configs.ts';
import { type SessionServer, startSessionServer } from '../helpers/session-server.ts';
import { pause } from '../helpers/wait.ts';

type Json = Record<string, unknown>;

/** What a server was told, over all sessions. */
export class AskingRecord {
  readonly levels: string[] = [];
  readonly subscribed: string[] = [];
  readonly unsubscribed: string[] = [];
  readonly cancelled: string[] = [];
  /** Capabilities of the clients. */
  readonly clients: Json[] = [];
  /** `_meta` and the names of parameters of calls. */
  readonly calls: Json[] = [];
}

/** What a tool gets to talk with its caller. */
interface Caller {
  readonly signal: AbortSignal;
  readonly token: string | number | undefined;
  tell(method: string, params: Json): Promise<void>;
  ask(method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list', params?: Json): Promise<Json>;
}

const RESULTS = {
  'elicitation/create': ElicitResultSchema.loose(),
  'sampling/createMessage': CreateMessageResultSchema.loose(),
  'roots/list': ListRootsResultSchema.loose(),
};

export function newAskingServer(record = new AskingRecord()): Server {
  const server = new Server({ name: 'asking', version: '3.2.1', title: 'Asks' } as { name: string; version: string }, {
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
    },
    instructions: 'Ask and be asked.',
  });
  server.oninitialized = () => void record.clients.push(server.getClientCapabilities() as Json);
  server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    record.levels.push(params.level);
    return {};
  });
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    if (params.uri.startsWith('no:')) throw new McpError(-32602, 'Not that one');
    record.subscribed.push(params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    record.unsubscribed.push(params.uri);
    return {};
  });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [{ name: 'echo', inputSchema: { type: 'object' }, 'x-vendor': { kept: true } }],
    'x-result': 1,
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    if (params.uri === 'test://none') throw new McpError(-32002, 'Resource not found', { uri: params.uri });
    return { contents: [{ uri: params.uri, text: 'text' }] };
  });
  server.setRequestHandler(GetPromptRequestSchema, async (_request, extra) => {
    const params = { message: 'Who?', requestedSchema: { type: 'object', properties: {} } };
    const answer = await extra.sendRequest(
      { method: 'elicitation/create', params } as never,
      RESULTS['elicitation/create'],
    );
    return { messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(answer) } }] };
  });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    record.calls.push({ keys: Object.keys(params), ...(params._meta && { meta: params._meta }) });
    const caller: Caller = {
      signal: extra.signal,
      token: params._meta?.progressToken,
      tell: (method, about) => extra.sendNotification({ method, params: about } as never),
      ask: (method, about) => extra.sendRequest({ method, params: about } as never, RESULTS[method] as never),
    };
    if (params._meta?.progressToken !== undefined) TOKENS.add(params._meta.progressToken);
    const tool = TOOLS[params.name];
    if (tool === undefined) throw new McpError(-32602, `Unknown tool: ${params.name}`);
    const value = await tool((params.arguments ?? {}) as Json, caller, server, record);
    return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] };
  });
  return server;
}

/** Of all calls so far. */
const TOKENS = new Set<string | number>();

type Tool = (args: Json, caller: Caller, server: Server, record: AskingRecord) => unknown;

const TOOLS: Readonly<Record<string, Tool>> = {
  echo: ({ text }) => String(text),
  slow: async ({ ms, name }, { signal }, _server, record) => {
    await pause(Number(ms), signal);
    if (signal.aborted) record.cancelled.push(String(name));
    return 'slept';
  },
  progress: async ({ steps, note }, { token, tell }) => {
    for (let step = 1; step <= Number(steps); step += 1) {
      await tell('notifications/progress', { progressToken: token, progress: step, message: String(note) });
      await pause(1);
    }
    return String(note);
  },
  /** Reports progress under the tokens of everybody. */
  forge: async (_args, { tell }) => {
    for (const progressToken of TOKENS) await tell('notifications/progress', { progressToken, progress: 1 });
    return 'forged';
  },
  log: async ({ levels, data }, { tell }) => {
    for (const level of levels as LoggingLevel[]) await tell('notifications/message', { level, data });
    return 'logged';
  },
  /** Asks all of them at once. */
  ask: async ({ questions }, { ask }) =>
    Promise.all((questions as string[]).map((message) => ask('elicitation/create', elicitation(message)))),
  /** Asks one after the other. */
  'ask-in-turn': async ({ questions }, { ask }) => {
    const answers: unknown[] = [];
    for (const message of questions as string[]) answers.push(await ask('elicitation/create', elicitation(message)));
    return answers;
  },
  sample: (_args, { ask }) =>
    ask('sampling/createMessage', {
      messages: [{ role: 'user', content: { type: 'text', text: 'Say something' } }],
      maxTokens: 12,
    }),
  roots: (_args, { ask }) => ask('roots/list'),
  'ask-and-give-up': async (_args, { ask }) => {
    void ask('elicitation/create', elicitation('Never mind')).catch(() => undefined);
    await pause(150);
    return 'gave up';
  },
  'ask-and-report': async ({ questions, steps }, { ask, tell, token }) => {
    for (const message of questions as string[]) await ask('elicitation/create', elicitation(message));
    for (let step = 1; step <= Number(steps); step += 1) {
      await tell('notifications/progress', { progressToken: token, progress: step });
    }
    for (const level of ['info', 'error']) await tell('notifications/message', { level, data: 'd' });
    return 'reported';
  },
  'ask-or-cancelled': async ({ questions, name }, { ask, signal }, _server, record) => {
    signal.addEventListener('abort', () => record.cancelled.push(String(name)));
    for (const message of questions as string[]) await ask('elicitation/create', elicitation(message));
    return 'asked';
  },
  'ask-then-slow': async ({ questions, ms, name }, { ask, signal }, _server, record) => {
    for (const message of questions as string[]) await ask('elicitation/create', elicitation(message));
    record.calls.push({ keys: 'slow now' });
    await pause(Number(ms), signal);
    if (signal.aborted) record.cancelled.push(String(name));
    return 'slept';
  },
  /** What belongs to no request. */
  stray: async ({ data }, _caller, server) => {
    await server.sendLoggingMessage({ level: 'emergency', data });
    return 'strayed';
  },
  touch: async ({ uri }, _caller, server) => {
    await server.sendResourceUpdated({ uri: String(uri) });
    return 'touched';
  },
  change: async (_args, _caller, server) => {
    await server.sendToolListChanged();
    return 'changed';
  },
  capabilities: (_args, _caller, server) => server.getClientCapabilities(),
  record: (_args, _caller, _server, record) => record,
  die: () => process.exit(3),
};

function elicitation(message: string): Json {
  return { message, requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
}

export interface AskingHttp extends SessionServer {
  readonly record: AskingRecord;
}

/** Over streamable HTTP, with sessions. */
export async function startAskingServer(): Promise<AskingHttp> {
  const record = new AskingRecord();
  return { ...(await startSessionServer(() => newAskingServer(record))), record };
}

/** The same server as a child process. */
export function askingChild(): StdioEndpoint {
  return commandEndpoint(process.execPath, ['--import', TSX, import.meta.filename]);
}

if (process.argv[1] === import.meta.filename) await newAskingServer().connect(new StdioServerTransport());
