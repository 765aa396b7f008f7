/** `subscriptions/listen` (2026-07-28, Subscriptions): what it asks for, and what is said on its stream. */
import { isRecord, recordOf } from '../schema/json-schema.ts';
import { type Id, INVALID_PARAMS } from '../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  resultMessage,
  unlessTooDeep,
} from '../upstream/peer/message.ts';
import { SERVER_INFO_META, SUBSCRIPTION_ID_META } from '../upstream/protocol.ts';
import { CHANGED_LISTS, type ChangedList } from './capabilities.ts';

/** Resources of one subscription. */
export const MOST_URIS = 1_000;
export const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/** What a subscription is told of. */
export interface ListenFilter {
  readonly lists: readonly ChangedList[];
  readonly uris: readonly string[];
}

/** What a request asks for; undefined where that is no filter, or one of too many resources. */
export function readFilter({ params }: Message): ListenFilter | undefined {
  const { notifications } = params;
  if (!isRecord(notifications)) return undefined;
  const { resourceSubscriptions: uris = [] } = notifications;
  if (!Array.isArray(uris) || uris.length > MOST_URIS || !uris.every((uri) => typeof uri === 'string'))
    return undefined;
  return { lists: listsIn(notifications), uris: [...new Set(uris)] };
}

/** The lists that `notifications`, a filter or what should be one, names. */
export function listsIn(notifications: unknown): ChangedList[] {
  const asked = recordOf(notifications);
  return CHANGED_LISTS.filter((list) => asked[`${list}ListChanged`] === true);
}

/** The filter as requests and acknowledgements have it; empty where it asks for nothing. */
export function writtenFilter({ lists, uris }: ListenFilter): JsonObject {
  const flags = Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true]));
  return uris.length === 0 ? flags : { ...flags, resourceSubscriptions: uris };
}

/** The answer to a request without a filter. */
export function noFilter(id: Id): Message {
  return errorMessage(id, INVALID_PARAMS, '"notifications" is missing, or is no filter of notifications.');
}

/** The first message of the stream; `notifications`: what is honored of the filter. */
export function acknowledgement(notifications: JsonObject): Message {
  return notificationMessage(ACKNOWLEDGED, { notifications });
}

/** A message of the stream of the request `id`; undefined where it is nested too deeply. */
export function tagged(message: Message, id: Id): Message | undefined {
  return unlessTooDeep(edited, message, (value) => {
    const params = recordOf(value.params);
    return { ...value, params: { ...params, _meta: { ...recordOf(params._meta), [SUBSCRIPTION_ID_META]: id } } };
  });
}

/**
 * The answer that ends the stream from our side (graceful closure). `serverInfo`: who ends it, if that is known. Throws
 * RangeError where that is nested too deeply.
 */
export function endOfStream(id: Id, serverInfo: unknown): Message {
  const server = serverInfo === undefined ? {} : { [SERVER_INFO_META]: serverInfo };
  return resultMessage(id, { resultType: 'complete', _meta: { ...server, [SUBSCRIPTION_ID_META]: id } });
}
