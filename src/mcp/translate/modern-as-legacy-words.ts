/** What differs between the words of 2026-07-28 and those of older revisions: pure functions on parsed messages. */
import { stringifyJson } from '../../schema/json.ts';
import { isRecord, listOf, recordOf } from '../../schema/json-schema.ts';
import type { JsonObject } from '../../upstream/peer/message.ts';
import {
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO,
  CLIENT_INFO_META,
  LATEST_LEGACY,
  LEGACY_REVISIONS,
  LOG_LEVEL_META,
  MODERN,
  PROTOCOL_VERSION_META,
  SERVER_INFO_META,
  SUBSCRIPTION_ID_META,
} from '../../upstream/protocol.ts';

/** What a caller said of itself, as it is repeated in each request. */
export interface Caller {
  readonly clientInfo: unknown;
  readonly capabilities: JsonObject;
  readonly logLevel: string | undefined;
}

/** Before `logging/setLevel` a server of old sends what it likes; one of 2026-07-28 nothing unless it is asked to. */
export const DEFAULT_LEVEL = 'info';

const UNKNOWN_SERVER = { name: 'unknown', version: 'unknown' };

/** Who calls, by the params of its `initialize`. */
export function callerOf(params: Readonly<JsonObject>): Caller {
  const { clientInfo = CLIENT_INFO, capabilities } = params;
  return { clientInfo, capabilities: modernCapabilities(recordOf(capabilities)), logLevel: undefined };
}

/** Tasks have left the protocol for an extension, and nobody is told any more that roots have changed. */
function modernCapabilities({ tasks: _, ...capabilities }: JsonObject): JsonObject {
  return isRecord(capabilities.roots) ? { ...capabilities, roots: {} } : capabilities;
}

/** Params with the envelope (2026-07-28, base protocol, `_meta`); the caller's own entries stay, its progress token too. */
export function enveloped(params: unknown, caller: Caller): JsonObject {
  const { _meta: meta, ...own } = recordOf(params);
  const envelope = {
    ...recordOf(meta),
    [PROTOCOL_VERSION_META]: MODERN,
    [CLIENT_INFO_META]: caller.clientInfo,
    [CLIENT_CAPABILITIES_META]: caller.capabilities,
    ...(caller.logLevel === undefined ? {} : { [LOG_LEVEL_META]: caller.logLevel }),
  };
  return { ...own, _meta: envelope };
}

/** The result of `initialize` that says what `discovered`, the result of `server/discover`, says. */
export function initializeResult(discovered: JsonObject, asked: unknown): JsonObject {
  const { supportedVersions: _, capabilities, ...more } = discovered;
  const info = recordOf(discovered._meta)[SERVER_INFO_META];
  return {
    ...legacyResult('server/discover', more),
    protocolVersion: LEGACY_REVISIONS.includes(asked as string) ? asked : LATEST_LEGACY,
    capabilities: recordOf(capabilities),
    serverInfo: isRecord(info) ? info : UNKNOWN_SERVER,
  };
}

/** A result without what belongs to 2026-07-28 alone, in shapes that older clients accept. */
export function legacyResult(method: string, result: JsonObject): JsonObject {
  const { resultType: _, ttlMs: __, cacheScope: ___, ...own } = result;
  const rest = withoutMeta(own, SERVER_INFO_META);
  if (method === 'tools/call') return withObjectContent(rest);
  return method === 'tools/list' ? { ...rest, tools: listOf(rest.tools).map(withObjectOutput) } : rest;
}

/** A notification of a subscription as it comes unasked in older revisions. */
export function untagged(notification: JsonObject): JsonObject {
  const { params, ...own } = notification;
  if (!isRecord(params)) return notification;
  const rest = withoutMeta(params, SUBSCRIPTION_ID_META);
  return Object.keys(rest).length === 0 ? own : { ...own, params: rest };
}

function withoutMeta(holder: JsonObject, key: string): JsonObject {
  if (!isRecord(holder._meta)) return holder;
  const { _meta: meta, ...own } = holder;
  const { [key]: _, ...rest } = meta as JsonObject;
  return Object.keys(rest).length === 0 ? own : { ...own, _meta: rest };
}

/** Structured content may be any JSON since 2026-07-28; before, it is an object, and the text says the same as it did. */
function withObjectContent(result: JsonObject): JsonObject {
  const { structuredContent } = result;
  if (structuredContent === undefined || isRecord(structuredContent)) return result;
  const said = listOf(result.content);
  const content = said.length > 0 ? said : [{ type: 'text', text: stringifyJson(structuredContent) }];
  return { ...result, content, structuredContent: { result: structuredContent } };
}

/** An output schema may describe any JSON since 2026-07-28; before, it describes an object. */
function withObjectOutput(tool: unknown): unknown {
  if (!isRecord(tool) || tool.outputSchema === undefined) return tool;
  const { outputSchema, ...rest } = tool;
  return isRecord(outputSchema) && outputSchema.type === 'object' ? tool : rest;
}
