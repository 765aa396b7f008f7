/** What one text from a server holds: a message, or a batch of them. */
import { parseJson, stringifyJson } from '../../schema/json.ts';
import { bearable, messagesOf } from '../jsonrpc.ts';
import { type Message, readMessage, toMessage, unlessTooDeep } from './message.ts';

/**
 * The messages of a body or an event; none where the text is no JSON. Never throws.
 * A server of 2025-03-26 may send several as an array (JSON-RPC batching).
 * In place of an answer that is not bearable there is an error that says so, without an id; other such messages are none.
 */
export function readMessages(received: string): Message[] {
  const text = bearable(received);
  if (text === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (Array.isArray(value)) return readBatch(text);
  const message = toMessage(value, text);
  return message === undefined ? [] : [message];
}

/** The messages of a JSON text that is an array; each has a text of its own, in which big integers stay exact. */
export function readBatch(text: string): Message[] {
  return messagesOf(parseJson(text)).flatMap((one) => {
    const part = unlessTooDeep(stringifyJson, one);
    const message = part === undefined ? undefined : readMessage(part);
    return message === undefined ? [] : [message];
  });
}
