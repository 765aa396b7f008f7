/** An older caller in front of a server of 2026-07-28, for the tests beside. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { ModernAsLegacy } from '../../../src/mcp/translate/modern-as-legacy.ts';
import type { HttpEndpoint } from '../../../src/upstream/origin-client.ts';
import {
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../../src/upstream/peer/message.ts';
import { ModernHttpPeer } from '../../../src/upstream/peer/modern-http-peer.ts';
import type { PeerFactory } from '../../../src/upstream/peer/peer.ts';
import { Asked } from '../../helpers/asked.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { HttpServer, type HttpServerOptions } from '../../helpers/http-server.ts';
import { listen } from '../../helpers/listen.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';
import { modernServer } from '../../upstream/peer/modern-sdk-server.ts';

export const ALL_CAPABILITIES = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: { listChanged: true },
  tasks: { list: {} },
};

export class LegacySession {
  readonly peer: ModernAsLegacy;
  /** What came unasked. */
  readonly messages: Message[] = [];
  readonly closed: string[] = [];
  readonly log = new MemoryLog();
  #lastId = 0;

  constructor(t: TestContext, open: PeerFactory) {
    const events = {
      onMessage: (message: Message) => void this.messages.push(message),
      onClosed: (reason: string) => void this.closed.push(reason),
    };
    this.peer = new ModernAsLegacy(open, events, this.log);
    t.after(() => this.peer.close());
  }

  ask(method: string, params?: JsonObject, headers?: readonly string[]): Asked {
    this.#lastId += 1;
    return new Asked(this.peer, requestMessage(this.#lastId, method, params), headers);
  }

  call(name: string, args: JsonObject = {}, meta?: JsonObject): Asked {
    return this.ask('tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) });
  }

  /** Shakes hands; resolves with the result of `initialize`. */
  async ready(params: JsonObject = {}): Promise<Readonly<JsonObject>> {
    const clientInfo = { name: 'old-client', version: '1' };
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo, ...params };
    const result = await this.ask('initialize', initialize).result();
    this.peer.send(notificationMessage('notifications/initialized'));
    return result;
  }

  /** The `n`th message that belongs to a request, once it is there. */
  async nth(asked: Asked, n: number): Promise<Message> {
    return await until(() => asked.messages[n]);
  }

  answer(question: Message, result: JsonObject): void {
    assert.ok(question.id !== undefined);
    this.peer.send(resultMessage(question.id, result));
  }

  /** The methods of what came unasked. */
  get heard(): string[] {
    return this.messages.map(({ method }) => method);
  }
}

export interface SdkSession {
  readonly session: LegacySession;
  readonly notify: ReturnType<typeof createMcpHandler>['notify'];
  readonly cancelled: () => number;
}

/** In front of a server of the newer SDK that refuses everything older. */
export async function openSdkSession(t: TestContext): Promise<SdkSession> {
  let cancelled = 0;
  const onCancelled = (): void => {
    cancelled += 1;
  };
  const handler = createMcpHandler(() => modernServer({ onCancelled }), { legacy: 'reject' });
  const serve = toNodeHandler(handler);
  const listening = await listen((request, response) => {
    // The SDK's own types disagree under exactOptionalPropertyTypes.
    void serve(request as Parameters<typeof serve>[0], response as unknown as Parameters<typeof serve>[1]);
  });
  t.after(async () => {
    await handler.close();
    await listening.stop();
  });
  const session = httpSession(t, new URL('/mcp', listening.origin));
  return { session, notify: handler.notify, cancelled: () => cancelled };
}

/** In front of a bare server of ours. */
export async function openBareSession(
  t: TestContext,
  options: HttpServerOptions = {},
): Promise<{ readonly session: LegacySession; readonly server: HttpServer }> {
  const server = await HttpServer.start({ revision: '2026-07-28', ...options });
  t.after(() => server.stop());
  return { session: httpSession(t, server.url), server };
}

export function httpSession(t: TestContext, url: URL): LegacySession {
  return new LegacySession(t, (events) => {
    const peer = new ModernHttpPeer(urlEndpoint('http', url) as HttpEndpoint, events, new MemoryLog());
    t.after(() => peer.close());
    return peer;
  });
}
