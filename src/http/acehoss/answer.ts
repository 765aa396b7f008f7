/** Which JSON a caller of `/api` gets: what the server has answered, without the envelope of JSON-RPC. */
import { exactJson, stringifyJson } from '../../schema/json.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';

/** The result as it is, or the bare error object; integers beyond 2^53 stay exact. */
export function answerJson({ text, value }: Message): string {
  const { result, error } = exactJson(text, value) as JsonObject;
  return stringifyJson(result ?? error ?? {});
}
