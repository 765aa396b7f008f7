/** An MCP server over streamable HTTP, without sessions: `/json` answers JSON, `/stream` event streams, `/some` lists 20 tools, `/many` 1,000. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answer, type Message } from './tools.ts';

const [port] = process.argv.slice(2);
const TOOLS: Readonly<Record<string, number>> = { '/some': 20, '/many': 1_000 };

createServer((request, response) => {
  // No stream of our own, and no session to end.
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST' }).end();
    return;
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => reply(request, response, JSON.parse(body) as Message));
}).listen(Number(port), '127.0.0.1');

function reply({ url }: IncomingMessage, response: ServerResponse, message: Message): void {
  const text = answer(message, TOOLS[url ?? ''] ?? 1);
  if (text === undefined) {
    response.writeHead(202).end();
  } else if (url === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.end(`event: message\ndata: ${text}\n\n`);
  } else {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
}
