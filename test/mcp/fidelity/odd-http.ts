/** The odd server over HTTP: streamable with sessions, streamable without (2026-07-28), and HTTP+SSE of 2024-11-05. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { listen } from '../../helpers/listen.ts';
import { CANCELLED, type Json, type OddMessage, OddServer, type Saying } from './odd-server.ts';

export interface OddHttp {
  readonly url: URL;
  close(): Promise<void>;
}

/** `json`: only answers come with a POST, all else on the stream of the session. */
export type Answers = 'json' | 'stream';

/** What one session, or all who have none, hear. */
class Hearers {
  readonly #answers: Answers;
  /** By request id as JSON. */
  readonly #posts = new Map<string, ServerResponse>();
  #standing: ServerResponse | undefined;
  readonly #queue: string[] = [];

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** `onLeft`: the client has not waited for the end. */
  post(id: string, response: ServerResponse, onLeft: () => void): void {
    this.#posts.set(id, response);
    response.on('close', () => {
      if (this.#posts.get(id) === response) this.#posts.delete(id);
      if (!response.writableEnded) onLeft();
    });
  }

  stand(response: ServerResponse): void {
    this.#standing = response;
    beginStream(response);
    for (const text of this.#queue.splice(0)) writeEvent(response, text);
  }

  readonly tell = ({ text, about, isAnswer = false, status = 200 }: Saying): void => {
    const post = this.#posts.get(about ?? '');
    const isAlone = isAnswer && post?.headersSent === false && (this.#answers === 'json' || status !== 200);
    if (post === undefined || (this.#answers === 'json' && !isAnswer)) this.#aside(text);
    else if (isAlone) reply(post, status, text);
    else {
      beginStream(post);
      writeEvent(post, text);
      if (isAnswer) post.end();
    }
  };

  #aside(text: string): void {
    if (this.#standing === undefined) this.#queue.push(text);
    else writeEvent(this.#standing, text);
  }
}

function beginStream(response: ServerResponse): void {
  if (response.headersSent) return;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
}

function writeEvent(response: ServerResponse, text: string, event = 'message'): void {
  response.write(`event: ${event}\ndata: ${text}\n\n`);
}

function reply(response: ServerResponse, status: number, text = ''): void {
  response.writeHead(status, text === '' ? {} : { 'content-type': 'application/json' });
  response.end(text);
}

export async function startSessions(answers: Answers): Promise<OddHttp> {
  const sessions = new Map<string, { hearers: Hearers; server: OddServer }>();
  const listening = await listen(async (request, response) => {
    const text = await textOf(request);
    if (request.method === 'POST' && (JSON.parse(text) as OddMessage).method === 'initialize') {
      const id = randomUUID();
      const hearers = new Hearers(answers);
      sessions.set(id, { hearers, server: new OddServer('legacy', hearers.tell) });
      request.headers['mcp-session-id'] = id;
      response.setHeader('mcp-session-id', id);
    }
    const session = sessions.get(String(request.headers['mcp-session-id']));
    if (session === undefined) return reply(response, 404);
    if (request.method === 'GET') return session.hearers.stand(response);
    if (request.method !== 'POST') return reply(response, 200);
    // Up to 2025-11-25 a connection that ends cancels nothing.
    take(text, session.hearers, session.server, response, () => undefined);
  });
  return { url: new URL('/mcp', listening.origin), close: listening.stop };
}

function take(
  text: string,
  hearers: Hearers,
  server: OddServer,
  response: ServerResponse,
  onLeft: (id: string) => void,
): void {
  const { id, method } = JSON.parse(text) as OddMessage;
  const key = JSON.stringify(id);
  if (id !== undefined && method !== undefined) hearers.post(key, response, () => onLeft(key));
  else reply(response, 202);
  server.hear(text);
}

/** Refuses what has not the headers that belong to it (2026-07-28, Streamable HTTP, request headers). */
export async function startModern(): Promise<OddHttp> {
  const hearers = new Hearers('stream');
  const server = new OddServer('modern', hearers.tell);
  const listening = await listen(async (request, response) => {
    if (request.method !== 'POST') return reply(response, 405);
    const text = await textOf(request);
    const refusal = refusalOf(request, JSON.parse(text) as OddMessage);
    if (refusal !== undefined) return reply(response, 400, refusal);
    take(text, hearers, server, response, (id) =>
      server.hear(`{"jsonrpc":"2.0","method":"${CANCELLED}","params":{"requestId":${id}}}`),
    );
  });
  return { url: new URL('/mcp', listening.origin), close: listening.stop };
}

function refusalOf({ headers }: IncomingMessage, { id, method, params = {} }: OddMessage): string | undefined {
  const meta = params._meta as Json | undefined;
  const version = meta?.['io.modelcontextprotocol/protocolVersion'];
  const name = method === 'resources/read' ? params.uri : params.name;
  const refuse = (code: number, message: string): string =>
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":${code},"message":"${message}","data":{"supported":["2026-07-28"]}}}`;
  const isSame =
    headers['mcp-protocol-version'] === version && headers['mcp-method'] === method && headers['mcp-name'] === name;
  if (!isSame) return refuse(-32020, 'Header mismatch');
  return version === '2026-07-28' ? undefined : refuse(-32022, 'Unsupported protocol version');
}

export async function startSse(): Promise<OddHttp> {
  const sessions = new Map<string, { hearers: Hearers; server: OddServer }>();
  const listening = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'GET') {
      const id = randomUUID();
      const hearers = new Hearers('json');
      sessions.set(id, { hearers, server: new OddServer('legacy', hearers.tell) });
      hearers.stand(response);
      return writeEvent(response, `/message?session=${id}`, 'endpoint');
    }
    const session = sessions.get(url.searchParams.get('session') ?? '');
    if (session === undefined) return reply(response, request.method === 'POST' ? 404 : 405);
    const text = await textOf(request);
    reply(response, 202, 'Accepted');
    session.server.hear(text);
  });
  return { url: new URL('/sse', listening.origin), close: listening.stop };
}
