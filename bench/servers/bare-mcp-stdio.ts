/** Bare relay from MCP over HTTP to one child: a line in, a line out, ids of all sessions told apart, and no check of anything. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { Message } from './tools.ts';

interface Waiting {
  readonly id: number | string;
  readonly response: ServerResponse;
}

const [port, command = '', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const waiting = new Map<number, Waiting>();
let nextId = 1;
let rest = '';

child.stdout.setEncoding('utf8');
child.stdout.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) answer(JSON.parse(line) as { id: number });
});

function answer(message: { id: number }): void {
  const known = waiting.get(message.id);
  if (known === undefined) return;
  waiting.delete(message.id);
  const text = JSON.stringify({ ...message, id: known.id });
  known.response.setHeader('content-type', 'application/json');
  known.response.setHeader('content-length', Buffer.byteLength(text));
  known.response.end(text);
}

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    if (request.method === 'POST') pass(JSON.parse(body) as Message, response);
    else response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
  });
}).listen(Number(port), '127.0.0.1');

function pass(message: Message, response: ServerResponse): void {
  if (message.id === undefined) {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    response.writeHead(202).end();
    return;
  }
  if (message.method === 'initialize') response.setHeader('mcp-session-id', randomUUID());
  const id = nextId++;
  waiting.set(id, { id: message.id, response });
  child.stdin.write(`${JSON.stringify({ ...message, id })}\n`);
}
