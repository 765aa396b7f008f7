/** The official SDKs' clients, each with the transports and eras that it has, behind one face. */
import {
  Client,
  type ClientOptions,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { Client as V1Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as V1SseTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as V1Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { MODERN } from '../../../src/upstream/protocol.ts';

export interface OpenClient {
  /** The names of all tools. */
  list(): Promise<string[]>;
  /** The text that a tool answers. */
  call(name: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export interface ClientKind {
  readonly name: string;
  readonly transport: 'http' | 'sse';
  open(url: URL): Promise<OpenClient>;
}

const INFO = { name: 'client', version: '1' };

/** What the clients of both SDKs have in common. */
type AnyClient = Pick<V1Client, 'close'> & {
  listTools(params?: { cursor: string }): Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<{ content?: unknown }>;
};

function opened(client: AnyClient): OpenClient {
  return {
    list: async () => {
      const names: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await client.listTools(cursor === undefined ? undefined : { cursor });
        names.push(...page.tools.map(({ name }) => name));
        cursor = page.nextCursor;
        if (cursor === undefined) return names;
      }
    },
    call: async (name, args) => {
      const { content } = await client.callTool({ name, arguments: args });
      const [first] = content as { text?: string }[];
      return first?.text ?? '';
    },
    close: () => client.close(),
  };
}

function v1(name: string, transport: ClientKind['transport']): ClientKind {
  return {
    name,
    transport,
    open: async (url) => {
      const client = new V1Client(INFO);
      const wire = transport === 'sse' ? new V1SseTransport(url) : new V1Transport(url);
      // The SDK's own types disagree under exactOptionalPropertyTypes.
      await client.connect(wire as Parameters<V1Client['connect']>[0]);
      return opened(client as AnyClient);
    },
  };
}

function v2(name: string, transport: ClientKind['transport'], options: ClientOptions = {}): ClientKind {
  return {
    name,
    transport,
    open: async (url) => {
      const client = new Client(INFO, options);
      await client.connect(transport === 'sse' ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url));
      return opened(client);
    },
  };
}

export const CLIENTS: readonly ClientKind[] = [
  v1('v1, streamable HTTP', 'http'),
  v1('v1, HTTP+SSE', 'sse'),
  v2('v2, streamable HTTP', 'http'),
  v2('v2, HTTP+SSE', 'sse'),
  v2('v2 that finds out the era', 'http', { versionNegotiation: { mode: 'auto' } }),
  v2(`v2 that insists on ${MODERN}`, 'http', { versionNegotiation: { mode: { pin: MODERN } } }),
];
