/** Answers of a legacy server as 2026-07-28 has them. */
import { isRecord } from '../../schema/json-schema.ts';
import { type Id, INVALID_PARAMS, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { edited, errorMessage, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import { SERVER_INFO_META } from '../../upstream/protocol.ts';
import { SUPPORTED_VERSIONS } from '../capabilities.ts';

/** Results that say how long they may be kept (Caching); nothing is known of it, so: not at all, and by nobody else. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);
const NOT_TO_BE_KEPT = { ttlMs: 0, cacheScope: 'private' };

/** The answer to a request of `method` under `id`; `welcome`: the server's answer to `initialize`. Throws RangeError for what is nested too deeply. */
export function modernAnswer(answer: Message, method: string, id: Id, welcome: Message | undefined): Message {
  return edited(answer, (value) => {
    if (isRecord(value.result)) return { ...value, id, result: modernResult(value.result, method, welcome) };
    if (!isRecord(value.error)) return { ...value, id };
    const isMissing = method === 'resources/read' && value.error.code === RESOURCE_NOT_FOUND;
    return { ...value, id, error: isMissing ? { ...value.error, code: INVALID_PARAMS } : value.error };
  });
}

/** The HTTP status that belongs to an answer (Streamable HTTP, error handling). */
export function statusOf(answer: Message): number {
  return answer.error?.code === METHOD_NOT_FOUND ? 404 : 200;
}

function modernResult(result: JsonObject, method: string, welcome: Message | undefined): JsonObject {
  const caching = CACHEABLE.has(method) ? NOT_TO_BE_KEPT : {};
  return { ...result, ...caching, resultType: 'complete', ...metaOf(result, welcome) };
}

/** `server/discover`, from the answer to `initialize`. */
export function discovery(welcome: Message, id: Id): Message {
  return edited(welcome, (value) => {
    const { protocolVersion: _, serverInfo: __, capabilities, ...result } = value.result as JsonObject;
    // An extension of its own in this revision.
    const { tasks: ___, ...offered } = isRecord(capabilities) ? capabilities : {};
    const found = { ...result, supportedVersions: SUPPORTED_VERSIONS, capabilities: offered };
    return { ...value, id, result: modernResult(found, 'server/discover', welcome) };
  });
}

export function unknownMethod(request: Message): Message {
  return errorMessage(request.id as Id, METHOD_NOT_FOUND, `Method not found: ${request.method}`);
}

/** `_meta` of a result, with who the server is; empty where it stays as it is. */
export function metaOf({ _meta }: JsonObject, welcome: Message | undefined): JsonObject {
  const serverInfo = welcome?.result?.serverInfo;
  if (serverInfo === undefined || (_meta !== undefined && !isRecord(_meta))) return {};
  return { _meta: { [SERVER_INFO_META]: serverInfo, ..._meta } };
}
