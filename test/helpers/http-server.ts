/** A streamable HTTP MCP server on bare node:http, of any revision, whose every answer a test may replace. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Listening, listen } from './listen.ts';
import { type Message, TestServer, type TestServerOptions } from './test-server.ts';
import { CallRecord, type Json } from './toolset.ts';

export interface HttpServerOptions extends TestServerOptions {
  /** How requests are answered; `json` cannot carry progress. */
  readonly answers?: 'json' | 'stream';
  /** False: no `Mcp-Session-Id`. A stateless revision never has one. */
  readonly sessions?: boolean;
  /** False: GET answers 405. */
  readonly getStream?: boolean;
  /** Looks at each exchange first; true says that it was answered here. */
  readonly behave?: Behave;
}

export type Behave = (exchange: Exchange) => boolean | Promise<boolean>;

/** One HTTP request, read to its end. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Undefined where there is no JSON body. */
  readonly message: Message | undefined;
  /** What is called: the tool's name, or the method. */
  readonly name: string;
  /** Answers this status with a body: an object as JSON, a string as it is. */
  reply(status: number, body?: unknown, headers?: Record<string, string>): void;
}

export interface SeenRequest {
  readonly http: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: Message | undefined;
}

export class HttpServer {
  readonly url: URL;
  readonly record = new CallRecord();
  /** Every request that came in. */
  readonly seen: SeenRequest[] = [];
  /** May be replaced at any time. */
  behave: Behave;
  readonly #options: HttpServerOptions;
  readonly #listening: Listening;
  readonly #sessions = new Map<string, TestServer>();
  readonly #streams = new Set<ServerResponse>();
  #stateless: TestServer;

  static async start(options: HttpServerOptions = {}): Promise<HttpServer> {
    let server: HttpServer | undefined;
    const listening = await listen((request, response) => void server?.handle(request, response));
    server = new HttpServer(options, listening);
    return server;
  }

  private constructor(options: HttpServerOptions, listening: Listening) {
    this.#options = options;
    this.#listening = listening;
    this.behave = options.behave ?? (() => false);
    this.url = new URL('/mcp', listening.origin);
    this.#stateless = this.#newServer();
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** How many GET streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Forgets all sessions, as a restart does. */
  forget(): void {
    this.#sessions.clear();
  }

  /** What was sent by this method, or called by this tool name. */
  requests(name: string): SeenRequest[] {
    return this.seen.filter(({ http, message }) => http === name || nameOf(message) === name);
  }

  changeTools(extra: number): void {
    for (const server of [this.#stateless, ...this.#sessions.values()]) {
      server.changeTools(extra, (message) => this.announce(message));
    }
  }

  /** Sends a message on all GET streams. */
  announce(message: Json): void {
    for (const stream of this.#streams) writeEvent(stream, message);
  }

  cut(): void {
    this.#listening.cut();
  }

  refuse(): void {
    this.#listening.refuse();
  }

  async stop(): Promise<void> {
    await this.#listening.stop();
    this.forget();
    this.#stateless = this.#newServer();
  }

  start(): Promise<void> {
    return this.#listening.start();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const message = await readMessage(request);
    this.seen.push({ http: request.method ?? '', headers: request.headers, message });
    const exchange: Exchange = {
      request,
      response,
      message,
      name: nameOf(message) || (request.method ?? ''),
      reply: (status, body, headers) => reply(response, status, body, headers),
    };
    if (!(await this.behave(exchange))) await this.#serve(exchange);
  }

  async #serve({ request, response, message, reply: answer }: Exchange): Promise<void> {
    if (request.method === 'POST' && message !== undefined) return this.#post(request, response, message);
    const session = this.#sessions.has(String(request.headers['mcp-session-id']));
    if (request.method === 'DELETE' && session) {
      this.#sessions.delete(String(request.headers['mcp-session-id']));
      return answer(200);
    }
    if (request.method !== 'GET' || this.#options.getStream === false || this.#stateless.isModern) return answer(405);
    if (this.#hasSessions && !session) return answer(404, SESSION_LOST);
    startStream(response);
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  async #post(request: IncomingMessage, response: ServerResponse, message: Message): Promise<void> {
    const server = this.#serverFor(request, response, message);
    if (server === undefined) return reply(response, 404, SESSION_LOST);
    if (message.id === undefined || message.method === undefined) {
      await server.receive(message, () => undefined);
      return reply(response, 202);
    }
    if (server.isModern) cancelOnClose(server, response, message.id);
    await server.receive(message, this.#sender(response, message));
  }

  #serverFor(request: IncomingMessage, response: ServerResponse, message: Message): TestServer | undefined {
    if (!this.#hasSessions) return this.#stateless;
    if (message.method !== 'initialize') return this.#sessions.get(String(request.headers['mcp-session-id']));
    const server = this.#newServer();
    const id = randomUUID();
    this.#sessions.set(id, server);
    response.setHeader('mcp-session-id', id);
    return server;
  }

  /** Answers as JSON, or as a stream that ends with the answer; a subscription is always a stream. */
  #sender(response: ServerResponse, request: Message): (message: Json) => void {
    const asStream = this.#options.answers === 'stream' || request.method === 'subscriptions/listen';
    if (asStream) startStream(response);
    return (message) => {
      const isAnswer = message.id === request.id && message.method === undefined;
      if (asStream) writeEvent(response, message);
      if (asStream && isAnswer) response.end();
      if (!asStream && isAnswer) reply(response, this.#statusOf(message), message);
    };
  }

  /** Since 2026-07-28 errors of the protocol travel with an HTTP status of their own. */
  #statusOf(message: Json): number {
    const code = (message.error as Json | undefined)?.code;
    if (!this.#stateless.isModern || code === undefined) return 200;
    return code === -32601 ? 404 : code === -32022 ? 400 : 200;
  }

  get #hasSessions(): boolean {
    return this.#options.sessions !== false && !this.#stateless.isModern;
  }

  #newServer(): TestServer {
    return new TestServer(this.#options, undefined, this.record);
  }
}

export const SESSION_LOST = { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null };

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
}

export function writeEvent(response: ServerResponse, message: Json): void {
  if (!response.destroyed) response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

function reply(response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void {
  const isText = typeof body === 'string';
  const type: Record<string, string> =
    body === undefined ? {} : { 'content-type': isText ? 'text/html' : 'application/json' };
  response.writeHead(status, { ...type, ...headers });
  response.end(body === undefined || isText ? body : JSON.stringify(body));
}

function cancelOnClose(server: TestServer, response: ServerResponse, id: number | string): void {
  response.on('close', () => {
    if (!response.writableFinished) {
      void server.receive({ method: 'notifications/cancelled', params: { requestId: id } }, () => undefined);
    }
  });
}

function nameOf(message: Message | undefined): string {
  return message?.method === 'tools/call' ? String(message.params?.name) : (message?.method ?? '');
}

async function readMessage(request: IncomingMessage): Promise<Message | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : (JSON.parse(text) as Message);
}
