/** One JSON-RPC message and the text it came as: who passes it on sends the text, so that nothing is lost on the way. */
import { exactJson, stringifyJson } from '../../schema/json.ts';
import { isRecord } from '../../schema/json-schema.ts';
import { type Id, replyTo } from '../jsonrpc.ts';

export type JsonObject = Record<string, unknown>;
export type MessageKind = 'request' | 'notification' | 'answer';

export class Message {
  /** As it came, or as we wrote it. */
  readonly text: string;
  /** Read by JSON.parse, so integers beyond 2^53 are rounded: for looking. To send something else, see `edited`. */
  readonly value: Readonly<JsonObject>;
  readonly kind: MessageKind;
  /** Of a request or an answer; undefined for a notification, and for an error about what could not be read. */
  readonly id: Id | undefined;
  /** Empty for an answer. */
  readonly method: string;

  constructor(value: JsonObject, text: string, kind: MessageKind) {
    this.value = value;
    this.text = text;
    this.kind = kind;
    const { id, method } = value;
    this.id = idOf(id);
    this.method = typeof method === 'string' ? method : '';
  }

  /** Empty where there are none, or they are no object. */
  get params(): Readonly<JsonObject> {
    const { params } = this.value;
    return isRecord(params) ? params : NOTHING;
  }

  /** Undefined for anything but a result that is an object. */
  get result(): Readonly<JsonObject> | undefined {
    const { result } = this.value;
    return isRecord(result) ? result : undefined;
  }

  /** Undefined for anything but an error. */
  get error(): Readonly<JsonObject> | undefined {
    const { error } = this.value;
    return isRecord(error) ? error : undefined;
  }
}

const NOTHING: Readonly<JsonObject> = Object.freeze({});

/**
 * An integer beyond 2^53 is rounded, as JSON.parse does, however the message was read. What it reads as Infinity could
 * not be written again.
 */
function idOf(value: unknown): Id | undefined {
  if (typeof value === 'string') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The message that `value` (parsed) is; undefined where it is no JSON-RPC 2.0 message. `text`: as it came. */
export function toMessage(value: unknown, text: string): Message | undefined {
  if (!isRecord(value)) return undefined;
  const kind = kindOf(value);
  return kind === undefined ? undefined : new Message(value, text, kind);
}

/** JSON-RPC 2.0 sections 4 and 5; a method with `id: null` is a request that nobody could answer, so it is none. */
function kindOf(value: JsonObject): MessageKind | undefined {
  if (value.jsonrpc !== '2.0') return undefined;
  const { id, method } = value;
  if (typeof method === 'string') {
    if (idOf(id) !== undefined) return 'request';
    return id === undefined ? 'notification' : undefined;
  }
  if (method !== undefined) return undefined;
  if (isRecord(value.error)) return 'answer';
  return Object.hasOwn(value, 'result') && idOf(id) !== undefined ? 'answer' : undefined;
}

/** The message of a JSON text that holds one; undefined where it does not. Never throws. */
export function readMessage(text: string): Message | undefined {
  try {
    return toMessage(JSON.parse(text), text);
  } catch {
    return undefined;
  }
}

/** A message of our own making. Bigints in it become integers. */
function messageOf(value: JsonObject): Message {
  const message = toMessage(value, stringifyJson(value));
  if (message === undefined) throw new TypeError('not a JSON-RPC message');
  return message;
}

/**
 * A copy that says something else; all that `change` leaves alone stays exact, integers beyond 2^53 included. `change` may
 * alter the object that it gets, but nothing within.
 */
export function edited(message: Message, change: (value: JsonObject) => JsonObject): Message {
  const { text, value } = message;
  return messageOf(change({ ...(exactJson(text, value) as JsonObject) }));
}

/**
 * The same message, written anew from what we read of it. A key that came twice is there once: JSON.parse takes the last
 * one, others the first, and they would get another message than the one that was checked. Throws RangeError where it is
 * nested too deeply to be written.
 */
export function rewritten(message: Message): Message {
  return edited(message, (value) => value);
}

/**
 * What `make` makes of `input`; undefined where that overflows the stack: what is nested thousands deep is read by
 * JSON.parse, but nothing can write it.
 */
export function unlessTooDeep<I extends unknown[], T>(make: (...input: I) => T, ...input: I): T | undefined {
  try {
    return make(...input);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same message under another id. */
export function withId(message: Message, id: Id): Message {
  return edited(message, (value) => ({ ...value, id }));
}

export function resultMessage(id: Id, result: JsonObject): Message {
  return messageOf({ jsonrpc: '2.0', id, result });
}

export function errorMessage(id: Id, code: number, message: string, data?: unknown): Message {
  const error = data === undefined ? { code, message } : { code, message, data };
  return messageOf({ jsonrpc: '2.0', id, error });
}

export function notificationMessage(method: string, params?: JsonObject): Message {
  return messageOf(params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params });
}

export function requestMessage(id: Id, method: string, params?: JsonObject): Message {
  return messageOf(params === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params });
}

/** Our answer to what a server asks: see `replyTo`. */
export function replyMessage(id: Id, method: string): Message {
  return messageOf(replyTo(id, method));
}
