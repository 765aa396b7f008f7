/**
 * An MCP server over streamable HTTP, without sessions: `/json` answers JSON, `/stream` event streams, `/some` lists 20
 * tools, `/many` 1,000. `/session-json` and `/session-stream` keep sessions.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answer, type Message } from './tools.ts';

const [port] = process.argv.slice(2);
const TOOLS: Readonly<Record<string, number>> = { '/some': 20, '/many': 1_000 };
const sessions = new Set<string>();

createServer((request, response) => {
  if (request.method !== 'POST') return endSession(request, response);
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => reply(request, response, JSON.parse(body) as Message));
}).listen(Number(port), '127.0.0.1');

/** There is no stream of our own, and nothing to end without sessions. */
function endSession({ method, headers }: IncomingMessage, response: ServerResponse): void {
  const isEnded = method === 'DELETE' && sessions.delete(String(headers['mcp-session-id']));
  response.writeHead(isEnded ? 200 : 405).end();
}

function reply({ url = '', headers }: IncomingMessage, response: ServerResponse, message: Message): void {
  if (url.startsWith('/session-')) {
    if (message.method === 'initialize') response.setHeader('mcp-session-id', newSession());
    else if (!sessions.has(String(headers['mcp-session-id']))) return void response.writeHead(404).end();
  }
  const text = answer(message, TOOLS[url] ?? 1);
  if (text === undefined) {
    response.writeHead(202).end();
  } else if (url.endsWith('stream')) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.end(`event: message\ndata: ${text}\n\n`);
  } else {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
}

function newSession(): string {
  const id = randomUUID();
  sessions.add(id);
  return id;
}
