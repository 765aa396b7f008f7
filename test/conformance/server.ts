/** A server that has all that the suite asks for, of both eras at one URL: sessions of 2025-11-25, and 2026-07-28. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  createMcpHandler,
  isInitializeRequest,
  localhostAllowedHostnames,
  validateHostHeader,
} from '@modelcontextprotocol/server';
import { MemoryEvents } from './server/events.ts';
import { type Host, newServer } from './server/host.ts';

const PATH = '/mcp';
/** How long a client stays away whose stream we end. */
const RETRY_MS = 500;

const sessions = new Map<string, NodeStreamableHTTPServerTransport>();

const host: Host = {
  endStream: (sessionId, requestId) => sessions.get(sessionId ?? '')?.closeSSEStream(requestId),
  toolsChanged: () => modern.notify.toolsChanged(),
  promptsChanged: () => modern.notify.promptsChanged(),
};

const modern = createMcpHandler(() => newServer(host));
const serveModern = toNodeHandler(modern);

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!validateHostHeader(request.headers.host, localhostAllowedHostnames()).ok) return refuse(response, 403, 'Host');
  if (new URL(request.url ?? '/', 'http://localhost').pathname !== PATH) return refuse(response, 404, 'Not found');
  const body = request.method === 'POST' ? await bodyOf(request) : undefined;
  // The SDK's own types disagree with Node's under exactOptionalPropertyTypes.
  if (isModern(request, body)) return serveModern(request as Parameters<typeof serveModern>[0], response, body);
  const id = request.headers['mcp-session-id'];
  if (id === undefined && isInitializeRequest(body)) return openSession(request, response, body);
  if (id === undefined) return refuse(response, 400, 'Session ID required');
  const session = sessions.get(String(id));
  if (session === undefined) return refuse(response, 404, 'Session not found');
  await session.handleRequest(request, response, body);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  return json(request).catch(() => undefined);
}

function isModern({ method = '', headers }: IncomingMessage, body: unknown): boolean {
  if (method !== 'POST') return false;
  const version = headerOf(headers['mcp-protocol-version']);
  const mcpMethod = headerOf(headers['mcp-method']);
  const inbound = classifyInboundRequest({
    httpMethod: method,
    body,
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(mcpMethod === undefined ? {} : { mcpMethodHeader: mcpMethod }),
  });
  return inbound.kind !== 'legacy';
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function openSession(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
  const server = newServer(host);
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new MemoryEvents(),
    retryInterval: RETRY_MS,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }));
}

/** Listens at a free port; resolves with the address of the endpoint. */
export async function startServer(): Promise<string> {
  const listener = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      if (!response.headersSent) refuse(response, 500, 'Internal error');
    });
  });
  listener.listen(0, 'localhost');
  await once(listener, 'listening');
  return `http://localhost:${(listener.address() as AddressInfo).port}${PATH}`;
}
