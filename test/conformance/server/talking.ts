/** Tools of the conformance server that say something before they answer: progress, logs, changes, a stream that ends. */
import { setTimeout as delay } from 'node:timers/promises';
import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { textResult } from './content.ts';
import type { Host } from './host.ts';

const STEP_MS = 50;
const AWAY_MS = 100;

export function addTalkingTools(server: McpServer, host: Host): void {
  server.registerTool('test_tool_with_logging', without('Logs thrice'), async (_args, { mcpReq }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await delay(STEP_MS);
    }
    return textResult('logged');
  });
  // The SDK keeps this one to itself where the request names no level (2026-07-28).
  server.registerTool('test_logging_tool', without('Logs to those who asked'), async (_args, { mcpReq }) => {
    await mcpReq.log('info', 'for those who asked');
    return textResult('logged');
  });
  server.registerTool('test_tool_with_progress', without('Reports progress'), async (_args, context) => {
    for (const progress of [0, 50, 100]) await reportProgress(context, progress);
    return textResult(String(context.mcpReq._meta?.progressToken ?? 'no token'));
  });
  server.registerTool(
    'test_reconnection',
    without('Ends the stream before it answers'),
    async (_args, { mcpReq, sessionId }) => {
      host.endStream(sessionId, mcpReq.id);
      await delay(AWAY_MS);
      return textResult('You came back.');
    },
  );
  server.registerTool('test_trigger_tool_change', without('Announces other tools'), () => {
    host.toolsChanged();
    return textResult('announced');
  });
  server.registerTool('test_trigger_prompt_change', without('Announces other prompts'), () => {
    host.promptsChanged();
    return textResult('announced');
  });
}

/** A tool without arguments. */
function without(description: string) {
  return { description, inputSchema: z.object({}) };
}

async function reportProgress({ mcpReq }: ServerContext, progress: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` };
  await mcpReq.notify({ method: 'notifications/progress', params });
  await delay(STEP_MS);
}
