/** Bare clients for JSON texts, one for each transport: what the gateway's callers and servers use, without any library of MCP. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createParser } from 'eventsource-parser';
import { Agent, fetch, type Response } from 'undici';
import { lineSplitter } from '../../../src/upstream/lines.ts';
import { MAX_MESSAGE_BYTES } from '../../../src/upstream/wire.ts';
import { TSX } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import type { Era, Json, OddMessage } from './odd-server.ts';

export interface Heard {
  readonly text: string;
  /** Of the HTTP response that it came with; 0 where there is none. */
  readonly status: number;
}

export interface Wire {
  /** All that came, in order. */
  readonly heard: readonly Heard[];
  /** Sends one text. Over HTTP it resolves once all is read that came with it. */
  send(text: string): Promise<void>;
  /** Hears what belongs to no request from now on, where that needs a stream of its own. */
  listen(): Promise<void>;
  /** Ends a request by ending its stream; false where the transport has no such thing. */
  leave(id: string | number): boolean;
  close(): Promise<void>;
}

/** At line feeds alone: newer readline also takes U+2028 for the end of a line, which may stand in a JSON text. */
export function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
  return lineSplitter(MAX_MESSAGE_BYTES, onLine, (bytes) => assert.fail(`a line of ${bytes} bytes`));
}

export const ODD_CHILD = fileURLToPath(new URL('./odd-child.ts', import.meta.url));

export class StdioWire implements Wire {
  readonly heard: Heard[] = [];
  readonly #child: ChildProcess;

  constructor(era: Era) {
    this.#child = spawn(process.execPath, ['--import', TSX, ODD_CHILD, era], { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(this.#child.stdout !== null);
    this.#child.stdout.on(
      'data',
      lines((text) => this.heard.push({ text, status: 0 })),
    );
  }

  async send(text: string): Promise<void> {
    this.#child.stdin?.write(`${text}\n`);
  }

  async listen(): Promise<void> {}

  leave(): boolean {
    return false;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

/** Streamable HTTP of both eras. */
export class HttpWire implements Wire {
  readonly heard: Heard[] = [];
  readonly #dispatcher = new Agent();
  readonly #url: URL;
  readonly #session: Record<string, string> = {};
  readonly #open = new Map<string | number, AbortController>();
  readonly #all = new AbortController();

  constructor(url: URL) {
    this.#url = url;
  }

  async send(text: string): Promise<void> {
    const message = JSON.parse(text) as OddMessage;
    const isRequest = message.id !== undefined && message.method !== undefined;
    const { signal } = isRequest ? this.#opened(message.id as string) : this.#all;
    const headers = { ...this.#session, ...modernHeaders(message), accept: 'application/json, text/event-stream' };
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        body: text,
        headers: { ...headers, 'content-type': 'application/json' },
        signal,
        dispatcher: this.#dispatcher,
      });
      const id = response.headers.get('mcp-session-id');
      if (id !== null) Object.assign(this.#session, { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' });
      if (!isRequest) assert.equal(response.status, 202);
      await this.#read(response);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async listen(): Promise<void> {
    const headers = { ...this.#session, accept: 'text/event-stream' };
    const { signal } = this.#all;
    const response = await fetch(this.#url, { headers, signal, dispatcher: this.#dispatcher });
    assert.equal(response.status, 200);
    void this.#read(response).catch(() => undefined);
  }

  leave(id: string | number): boolean {
    this.#open.get(id)?.abort();
    return this.#session['mcp-session-id'] === undefined;
  }

  async close(): Promise<void> {
    this.#all.abort();
    for (const controller of this.#open.values()) controller.abort();
    if (this.#session['mcp-session-id'] !== undefined) {
      const end = { method: 'DELETE', headers: this.#session, dispatcher: this.#dispatcher };
      assert.ok((await fetch(this.#url, end)).ok);
    }
    await this.#dispatcher.destroy();
  }

  #opened(id: string | number): AbortController {
    const controller = new AbortController();
    this.#open.set(id, controller);
    return controller;
  }

  async #read(response: Response): Promise<void> {
    const { status } = response;
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
      const text = await response.text();
      if (text !== '') this.heard.push({ text, status });
      return;
    }
    await readEvents(response, (_event, text) => this.heard.push({ text, status }));
  }
}

/** HTTP+SSE of 2024-11-05. */
export class SseWire implements Wire {
  readonly heard: Heard[] = [];
  readonly #dispatcher = new Agent();
  #endpoint: URL | undefined;

  static async open(url: URL): Promise<SseWire> {
    const wire = new SseWire();
    const response = await fetch(url, { headers: { accept: 'text/event-stream' }, dispatcher: wire.#dispatcher });
    assert.equal(response.status, 200);
    const read = readEvents(response, (event, text) => {
      if (event === 'endpoint') wire.#endpoint = new URL(text, url);
      else wire.heard.push({ text, status: 0 });
    });
    void read.catch(() => undefined);
    await until(() => wire.#endpoint !== undefined, 5_000, 'the endpoint');
    return wire;
  }

  async send(text: string): Promise<void> {
    assert.ok(this.#endpoint !== undefined);
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', body: text, headers, dispatcher: this.#dispatcher };
    const response = await fetch(this.#endpoint, init);
    assert.equal(response.status, 202);
    await response.text();
  }

  async listen(): Promise<void> {}

  leave(): boolean {
    return false;
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

/** Events that only open a stream hold no message. */
async function readEvents(response: Response, onEvent: (event: string, data: string) => void): Promise<void> {
  const parser = createParser({ onEvent: ({ event = 'message', data }) => data !== '' && onEvent(event, data) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
}

/** None for a message without an envelope (2026-07-28, Streamable HTTP, request headers). */
function modernHeaders({ method = '', params = {} }: OddMessage): Record<string, string> {
  const version = (params._meta as Json | undefined)?.['io.modelcontextprotocol/protocolVersion'];
  if (version === undefined) return {};
  const name = method === 'resources/read' ? params.uri : params.name;
  const headers = { 'mcp-protocol-version': String(version), 'mcp-method': method };
  return name === undefined ? headers : { ...headers, 'mcp-name': String(name) };
}
