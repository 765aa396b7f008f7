/** An MCP server with the tools that a test gives it; each answers with the arguments that arrived, unless told otherwise. */
import type { JsonRecord } from '../../src/schema/json-schema.ts';
import { HttpServer } from '../helpers/http-server.ts';

export interface OfferedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  /** The result of a call; the arguments as JSON text if absent. */
  readonly result?: JsonRecord;
}

export function startToolServer(tools: readonly OfferedTool[]): Promise<HttpServer> {
  const listed = tools.map(({ result: _, ...tool }) => tool);
  return HttpServer.start({
    behave: ({ message, reply }) => {
      const answer = (result: JsonRecord): true => {
        reply(200, { jsonrpc: '2.0', id: message?.id, result });
        return true;
      };
      if (message?.method === 'tools/list') return answer({ tools: listed });
      if (message?.method !== 'tools/call') return false;
      const tool = tools.find(({ name }) => name === message.params?.name);
      const text = JSON.stringify(message.params?.arguments ?? {});
      return answer(tool?.result ?? { content: [{ type: 'text', text }] });
    },
  });
}
