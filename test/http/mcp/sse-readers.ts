/** Clients of HTTP+SSE that read the stream each in their own way; what they hear are the methods of messages. */
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { createParser } from 'eventsource-parser';

const HEADERS = { 'x-who': 'ann' };

export interface Reader {
  readonly heard: readonly string[];
  leave(): Promise<void>;
}

/** The transport of the TypeScript SDK. */
export async function sdkReader(origin: string): Promise<Reader> {
  const heard: string[] = [];
  const transport = new SSEClientTransport(new URL('/one', origin), {
    requestInit: { headers: HEADERS },
    eventSourceInit: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...HEADERS } }) },
  });
  transport.onmessage = (message) => void heard.push((message as { method: string }).method);
  await transport.start();
  return { heard, leave: () => transport.close() };
}

export async function parserReader(origin: string): Promise<Reader> {
  const heard: string[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => event === 'message' && heard.push(methodOf(data)),
  });
  return { heard, leave: await read(origin, (chunk) => parser.feed(chunk)) };
}

/** Knows lines that begin with `event: ` or `data: `, and nothing else of the format. */
export async function naiveReader(origin: string): Promise<Reader> {
  const heard: string[] = [];
  let rest = '';
  let event = '';
  const leave = await read(origin, (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ') && event === 'message') heard.push(methodOf(line.slice(6)));
    }
  });
  return { heard, leave };
}

/** Resolves with what ends the stream, once that has begun. */
async function read(origin: string, onChunk: (text: string) => void): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const response = await fetch(`${origin}/one`, { headers: HEADERS, signal: stop.signal });
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) onChunk(decoder.decode(chunk as Uint8Array, { stream: true }));
  })().catch(() => undefined);
  return async () => {
    stop.abort();
    await reading;
  };
}

function methodOf(data: string): string {
  return (JSON.parse(data) as { method: string }).method;
}
