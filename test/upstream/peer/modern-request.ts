/** Requests of 2026-07-28. */
import { type JsonObject, type Message, requestMessage } from '../../../src/upstream/peer/message.ts';
import { MODERN_META } from '../../../src/upstream/protocol.ts';

export const META = 'io.modelcontextprotocol';

let lastId = 0;

/** A request with the envelope; `meta` adds to it. */
export function modernRequest(
  method: string,
  params: JsonObject = {},
  meta: JsonObject = {},
  id: number | string = `caller-${++lastId}`,
): Message {
  return requestMessage(id, method, { ...params, _meta: { ...MODERN_META, ...meta } });
}

export function call(name: string, args: JsonObject = {}, meta: JsonObject = {}): Message {
  return modernRequest('tools/call', { name, arguments: args }, meta);
}
