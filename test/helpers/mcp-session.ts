/** A bare MCP client over streamable HTTP, for tests that want to see every message and status. */
import assert from 'node:assert/strict';
import { createParser } from 'eventsource-parser';

export type Json = Record<string, unknown>;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** All that came, the answer last. */
  readonly messages: readonly Json[];
  /** The body, where it was no event stream. */
  readonly text: string;
}

/** The result that came last; empty where there is none. */
export function resultOf({ messages }: Answered): Json {
  return (messages.at(-1)?.result ?? {}) as Json;
}

/** The error that came last; empty where there is none. */
export function errorOf({ messages }: Answered): Json {
  return (messages.at(-1)?.error ?? {}) as Json;
}

export interface StreamEvent {
  readonly id: string | undefined;
  readonly data: string;
}

export const ACCEPT = { accept: 'application/json, text/event-stream' };

export class McpSession {
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Of the session; empty before it is open. */
  id = '';
  welcome: Json = {};
  #nextId = 1;
  readonly #streams = new AbortController();

  constructor(url: string, headers: Record<string, string> = {}) {
    this.url = url;
    this.headers = { ...ACCEPT, ...headers };
  }

  /** Opens a session; `capabilities`: what the client declares. */
  static async open(
    url: string,
    options: { headers?: Record<string, string>; capabilities?: Json; version?: string } = {},
  ): Promise<McpSession> {
    const session = new McpSession(url, options.headers);
    const { capabilities = {}, version = '2025-11-25' } = options;
    const params = { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } };
    const answered = await session.ask('initialize', params);
    assert.equal(answered.status, 200, answered.text);
    session.id = answered.headers.get('mcp-session-id') ?? '';
    session.welcome = answered.messages.at(-1) ?? {};
    session.headers['mcp-session-id'] = session.id;
    assert.equal((await session.notify('notifications/initialized')).status, 202);
    return session;
  }

  /** One request, under the next id. */
  ask(method: string, params: Json = {}, onMessage?: (message: Json) => void): Promise<Answered> {
    return this.post({ jsonrpc: '2.0', id: this.#nextId++, method, params }, onMessage);
  }

  /** The `result` of a request that must have one. */
  async result(method: string, params: Json = {}, onMessage?: (message: Json) => void): Promise<Json> {
    const { messages, text } = await this.ask(method, params, onMessage);
    const result = messages.at(-1)?.result;
    assert.ok(result !== undefined, text || JSON.stringify(messages));
    return result as Json;
  }

  notify(method: string, params: Json = {}): Promise<Answered> {
    return this.post({ jsonrpc: '2.0', method, params });
  }

  async post(body: unknown, onMessage: (message: Json) => void = () => undefined): Promise<Answered> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { ...this.headers, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const { status, headers } = response;
    if (headers.get('content-type')?.startsWith('text/event-stream') !== true) {
      const text = await response.text();
      const found = text === '' ? [] : ([JSON.parse(text)].flat() as Json[]);
      return { status, headers, messages: found, text };
    }
    const messages: Json[] = [];
    await readEvents(response, ({ data }) => {
      if (data === '') return;
      const message = JSON.parse(data) as Json;
      messages.push(message);
      onMessage(message);
    });
    return { status, headers, messages, text: '' };
  }

  /** The stream for what belongs to no request; resolves once it is open. */
  async listen(onEvent: (event: StreamEvent) => void, lastEventId?: string): Promise<Response> {
    const response = await fetch(this.url, {
      headers: {
        ...this.headers,
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal: this.#streams.signal,
    });
    if (response.status === 200) readEvents(response, onEvent).catch(() => undefined);
    return response;
  }

  /** Closes the streams without a word. */
  leave(): void {
    this.#streams.abort();
  }

  /** Ends the session. */
  async end(): Promise<number> {
    this.leave();
    const { status } = await fetch(this.url, { method: 'DELETE', headers: this.headers });
    return status;
  }
}

export async function readEvents(response: Response, onEvent: (event: StreamEvent) => void): Promise<void> {
  const parser = createParser({ onEvent: ({ id, data }) => onEvent({ id, data }) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
}

/** The envelope and the headers of one request of 2026-07-28. */
export async function askStateless(
  url: string,
  method: string,
  params: Json = {},
  options: { headers?: Record<string, string>; capabilities?: Json; onMessage?: (message: Json) => void } = {},
): Promise<Answered> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': options.capabilities ?? {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  const named = params.name ?? params.uri;
  const headers: Record<string, string> = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
    ...options.headers,
  };
  const session = new McpSession(url, headers);
  const body = { ...params, _meta: { ...meta, ...(params._meta as Json | undefined) } };
  return await session.ask(method, body, options.onMessage);
}
