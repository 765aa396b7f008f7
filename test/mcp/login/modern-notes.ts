/** A server of 2026-07-28 that wants a token, and has tools, a prompt and a subscription. */
import type { TestContext } from 'node:test';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { NotesServer, send } from '../../../demo/notes-server.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { startAuthorizationServer } from '../../helpers/authorization-server.ts';
import { listen } from '../../helpers/listen.ts';
import { WEBUI_SECRET } from '../../helpers/open-webui-users.ts';

const CAPABILITIES = { tools: { listChanged: true }, prompts: {} };

export interface ModernStory {
  readonly app: RunningApp;
  /** The methods that came with a good token. */
  readonly seen: string[];
  /** Tells all who listen that the tools are others now. */
  announce(): void;
}

/** `tools`: what it has. */
export async function startModernStory(t: TestContext, tools: readonly string[] = ['whoami']): Promise<ModernStory> {
  const as = await startAuthorizationServer();
  t.after(() => as.close());
  const seen: string[] = [];
  const handler = createMcpHandler(() => newServer(seen, tools), { legacy: 'reject' });
  const handle = toNodeHandler(handler);
  let notes: NotesServer | undefined;
  const listening = await listen(async (request, response) => {
    if (notes === undefined) return;
    if (request.url === notes.metadataUrl.pathname) return send(response, { status: 200, body: notes.metadata() });
    if ((await notes.bearer(request)) === undefined) return send(response, notes.unauthorized(request));
    await handle(request as NodeIncomingMessageLike, response);
  });
  t.after(() => listening.stop());
  const url = `${listening.origin}/mcp`;
  notes = new NotesServer(as.issuer, { resource: url });
  const app = await startApp({
    mcpServers: { notes: { type: 'streamable-http', url, oauth: true } },
    keys: { webui_secret_key: WEBUI_SECRET },
  });
  t.after(() => app.close());
  return { app, seen, announce: () => handler.notify.toolsChanged() };
}

function newServer(seen: string[], names: readonly string[]): Server {
  const server = new Server({ name: 'modern-notes', version: '1.0.0' }, { capabilities: CAPABILITIES });
  const tools = names.map((name) => ({ name, inputSchema: { type: 'object' as const } }));
  server.setRequestHandler('tools/list', () => {
    seen.push('tools/list');
    return { tools };
  });
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
    seen.push(`tools/call ${JSON.stringify([params, mcpReq.requestState(), mcpReq.inputResponses])}`);
    return { content: [{ type: 'text', text: 'you' }] };
  });
  return server;
}
