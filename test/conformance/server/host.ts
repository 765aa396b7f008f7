/** What the tools of the conformance server need of the process around them, and the server that they make up. */
import { McpServer } from '@modelcontextprotocol/server';
import { addAskingTools } from './asking.ts';
import { addContentTools } from './content.ts';
import { addAnswers, addPrompts, addResources } from './reading.ts';
import { addRounds, states } from './rounds.ts';
import { addTalkingTools } from './talking.ts';

export interface Host {
  /** Ends the stream of a request under way; the client may come back for the answer. */
  endStream(sessionId: string | undefined, requestId: string | number): void;
  /** Tell those who subscribed (2026-07-28). */
  toolsChanged(): void;
  promptsChanged(): void;
}

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

export function newServer(host: Host): McpServer {
  const info = { name: 'conformance-server', version: '1.0.0' };
  const server = new McpServer(info, { capabilities: CAPABILITIES, requestState: { verify: states.verify } });
  addContentTools(server);
  addTalkingTools(server, host);
  addAskingTools(server);
  addRounds(server);
  addResources(server);
  addPrompts(server);
  addAnswers(server);
  return server;
}
