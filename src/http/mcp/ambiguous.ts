/**
 * Messages that a server could read otherwise than we do. Go's encoding/json, and others that ignore the case of keys,
 * take `"ID"` for `"id"` and let the later one win: what we check, an id that we replace, a tool that an entry hides,
 * would not be what such a server sees.
 */
import { isOfSpecification } from '../../mcp/methods.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Message } from '../../upstream/peer/message.ts';
import {
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO_META,
  LOG_LEVEL_META,
  PROTOCOL_VERSION_META,
  SERVER_INFO_META,
  SUBSCRIPTION_ID_META,
} from '../../upstream/protocol.ts';

interface Keys {
  readonly exact: ReadonlySet<string>;
  /** By what they fold to. */
  readonly folded: ReadonlyMap<string, string>;
}

const ENVELOPE = keysOf(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const META = keysOf([
  'progressToken',
  PROTOCOL_VERSION_META,
  CLIENT_CAPABILITIES_META,
  CLIENT_INFO_META,
  LOG_LEVEL_META,
  SUBSCRIPTION_ID_META,
  SERVER_INFO_META,
]);
const PARAMS = keysOf([
  'name',
  'arguments',
  'uri',
  'cursor',
  'level',
  'requestId',
  'reason',
  'ref',
  'argument',
  'context',
  '_meta',
  'protocolVersion',
  'capabilities',
  'clientInfo',
  'inputResponses',
  'requestState',
  'notifications',
  'progressToken',
  'taskId',
  'task',
]);
/** Of keys that the specification may define yet. */
const RESERVED = 'io.modelcontextprotocol/';
/** Folding never makes a key shorter, so that longer ones are none of ours. */
const LONGEST_KEY = Math.max(
  ...[ENVELOPE, META, PARAMS].flatMap(({ folded }) => [...folded.keys()]).map(({ length }) => length),
);

/**
 * Why a caller's message is refused: a key that only the case tells from one of the protocol, or a request that is an
 * answer, too. Undefined: all read it alike. What `arguments` hold, and the parameters of vendors' methods, is not ours.
 */
export function ambiguity({ value, method, params }: Message): string | undefined {
  if (method !== '' && (Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error'))) {
    return 'The message has a method, so it must have neither a result nor an error.';
  }
  const { _meta } = params;
  const meant =
    twisted(value, ENVELOPE) ??
    (isOfSpecification(method) ? twisted(params, PARAMS) : undefined) ??
    (isRecord(_meta) ? (twisted(_meta, META) ?? twistedPrefix(_meta)) : undefined);
  return meant === undefined ? undefined : `The message has a key that only its case tells from "${meant}".`;
}

/** The key of the protocol that one of `object` looks like. */
function twisted(object: Readonly<Record<string, unknown>>, keys: Keys): string | undefined {
  for (const key of Object.keys(object)) {
    if (keys.exact.has(key) || key.length > LONGEST_KEY) continue;
    const meant = keys.folded.get(fold(key));
    if (meant !== undefined) return meant;
  }
  return undefined;
}

function twistedPrefix(meta: Readonly<Record<string, unknown>>): string | undefined {
  const isTwisted = (key: string): boolean =>
    !key.startsWith(RESERVED) && fold(key.slice(0, RESERVED.length)).startsWith(RESERVED);
  return Object.keys(meta).some(isTwisted) ? RESERVED : undefined;
}

function keysOf(keys: readonly string[]): Keys {
  return { exact: new Set(keys), folded: new Map(keys.map((key) => [fold(key), key])) };
}

/** As Go folds, in which `ſ` (U+017F) is an s and the Kelvin sign (U+212A) a k: the one by upper, the other by lower case. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}
