/** Streams of HTTP+SSE that end with their test, and tool calls on them. */
import assert from 'node:assert/strict';
import type { Json } from '../helpers/mcp-session.ts';
import { SseClient } from '../http/mcp/sse-client.ts';
import type { Scope } from './gateway.ts';

export type Stream = SseClient;

export async function openStream(
  scope: Scope,
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stream> {
  const stream = await SseClient.open(url, path, headers);
  scope.after(() => stream.leave());
  return stream;
}

/** The result of a tool call. */
export async function call(stream: Stream, name: string, args: Json = {}): Promise<Json> {
  const { result, error } = await stream.ask(newId(), 'tools/call', { name, arguments: args });
  assert.ok(result, JSON.stringify(error));
  return result as Json;
}

let lastId = 0;

function newId(): string {
  lastId += 1;
  return `call-${lastId}`;
}
