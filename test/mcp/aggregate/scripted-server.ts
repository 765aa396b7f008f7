/** Servers over HTTP of which a test says what they answer, as members of an aggregate. */
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Member } from '../../../src/mcp/aggregate/members.ts';
import type { HttpEndpoint } from '../../../src/upstream/origin-client.ts';
import { HttpPeer } from '../../../src/upstream/peer/http-peer.ts';
import { ModernHttpPeer } from '../../../src/upstream/peer/modern-http-peer.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { HttpServer, startStream, writeEvent } from '../../helpers/http-server.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import type { Message as WireMessage } from '../../helpers/test-server.ts';
import type { Json } from '../../helpers/toolset.ts';

/** What is told in the course of a request; the stream stays open until the answer. */
type Say = (message: Json) => void;
/** Returns the result, a text that is the whole body, or nothing where no answer comes. Throws `{code, message}`. */
export type Handler = (params: Json, say: Say, message: WireMessage) => unknown;

export interface ScriptedOptions {
  readonly era?: 'legacy' | 'modern';
  readonly timeoutMs?: number;
  readonly capabilities?: Json;
}

const ALL = { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} };

export class ScriptedServer {
  readonly name: string;
  /** By method; may be replaced at any time. */
  readonly on: Record<string, Handler>;
  /** All that came. */
  readonly seen: WireMessage[] = [];
  readonly member: Member;
  readonly server: HttpServer;

  static async start(
    t: TestContext,
    name: string,
    on: Record<string, Handler> = {},
    options: ScriptedOptions = {},
  ): Promise<ScriptedServer> {
    let scripted: ScriptedServer | undefined;
    const server = await HttpServer.start({
      sessions: false,
      behave: ({ message, response }) => scripted?.take(message, response) ?? false,
    });
    scripted = new ScriptedServer(name, on, server, options);
    t.after(() => server.stop());
    return scripted;
  }

  private constructor(name: string, on: Record<string, Handler>, server: HttpServer, options: ScriptedOptions) {
    this.name = name;
    this.server = server;
    const { era = 'legacy', timeoutMs = 5_000, capabilities = ALL } = options;
    const serverInfo = { name, version: '1' };
    this.on = { initialize: () => ({ protocolVersion: '2025-11-25', capabilities, serverInfo }), ...on };
    this.member = { name, hash: server.url.href, timeoutMs, open: openerOf(server.url, era) };
  }

  /** What came by this method. */
  asked(method: string): WireMessage[] {
    return this.seen.filter((message) => message.method === method);
  }

  /** Says something that belongs to no request. */
  announce(message: Json): void {
    this.server.announce({ jsonrpc: '2.0', ...message });
  }

  async take(message: WireMessage | undefined, response: ServerResponse): Promise<boolean> {
    if (message === undefined) return false;
    this.seen.push(message);
    const { id, method = '' } = message;
    if (id === undefined || message.method === undefined) {
      response.writeHead(202).end();
      return true;
    }
    const say: Say = (told) => {
      if (!response.headersSent) startStream(response);
      writeEvent(response, { jsonrpc: '2.0', ...told });
    };
    const answer = await this.#answer(id, method, message, say);
    if (answer === undefined) return true;
    if (response.headersSent) response.end(`data: ${answer}\n\n`);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    return true;
  }

  async #answer(id: number | string, method: string, message: WireMessage, say: Say): Promise<string | undefined> {
    const handler = this.on[method];
    try {
      if (handler === undefined) throw { code: -32601, message: 'Method not found' };
      const result = await handler(message.params ?? {}, say, message);
      if (typeof result === 'string') return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
      return result === undefined ? undefined : JSON.stringify({ jsonrpc: '2.0', id, result });
    } catch (error) {
      return JSON.stringify({ jsonrpc: '2.0', id, error });
    }
  }
}

/** Opens peers of the server at `url`. */
export function openerOf(url: URL, era: Peer['era'] = 'modern'): Member['open'] {
  const endpoint = urlEndpoint('http', url) as HttpEndpoint;
  const log = new MemoryLog();
  return (events) =>
    era === 'legacy' ? new HttpPeer(endpoint, events, log) : new ModernHttpPeer(endpoint, events, log);
}

/** Handlers of a server with these tools; a call answers with the name that the server was called with. */
export function withTools(...names: readonly string[]): Record<string, Handler> {
  return {
    'tools/list': () => ({ tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) }),
    'tools/call': ({ name }) => ({ content: [{ type: 'text', text: name }] }),
  };
}
