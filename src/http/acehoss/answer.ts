/** Which JSON a caller of `/api` gets: what the server has answered, without the envelope of JSON-RPC. */
import { parseJson, stringifyJson } from '../../schema/json.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Message } from '../../upstream/peer/message.ts';

/** Without so many digits in a row there is no integer that JSON.parse could have rounded. */
const MANY_DIGITS = /\d{16}/;

/** The result as it is, or the bare error object; integers beyond 2^53 stay exact. */
export function answerJson({ text, value }: Message): string {
  const exact = MANY_DIGITS.test(text) ? parseJson(text) : value;
  const { result, error } = isRecord(exact) ? exact : {};
  return stringifyJson(result ?? error ?? {});
}
