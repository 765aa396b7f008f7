/** An MCP server over streamable HTTP that everybody shares: it offers the tools that it is given, word for word. */
import { readMessage, send } from '../../demo/notes-server.ts';
import { listen } from '../../test/helpers/listen.ts';
import type { Json } from './driver.ts';

export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: unknown;
  /** Content of the result; default: the arguments as text. */
  readonly content?: (args: Json) => readonly Json[];
}

export interface ToolServer {
  /** What goes into `mcpServers`. */
  readonly entry: Json;
  close(): Promise<void>;
}

export async function startToolServer(tools: readonly OfferedTool[]): Promise<ToolServer> {
  const listening = await listen(async (request, response) => {
    const message = await readMessage(request);
    if (request.method !== 'POST' || message === undefined) return send(response, { status: 405 });
    if (message.id === undefined) return send(response, { status: 202 });
    const body = { jsonrpc: '2.0', id: message.id, ...answer(tools, message.method ?? '', message.params ?? {}) };
    send(response, { status: 200, body });
  });
  return { entry: { type: 'streamable-http', url: `${listening.origin}/mcp` }, close: () => listening.stop() };
}

function answer(tools: readonly OfferedTool[], method: string, params: Json): Json {
  if (method === 'initialize') return { result: INFO };
  if (method === 'tools/list') return { result: { tools: tools.map(definition) } };
  const tool = tools.find(({ name }) => method === 'tools/call' && name === params.name);
  if (tool === undefined) return { error: { code: -32601, message: `Method not found: ${method}` } };
  const { content = (args: Json) => [{ type: 'text', text: JSON.stringify(args) }] } = tool;
  return { result: { content: content((params.arguments ?? {}) as Json) } };
}

function definition({ name, description, inputSchema }: OfferedTool): Json {
  return { name, description, inputSchema };
}

const INFO = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'tools', version: '1.0.0' },
};
