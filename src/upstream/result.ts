/** Maps the result of a tool call to what mcpo answers: one bare value for one content item, a list otherwise. */
import { GatewayError } from '../errors.ts';
import { stringifyJson } from '../schema/json.ts';
import { isRecord } from '../schema/json-schema.ts';
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, type RpcError } from './jsonrpc.ts';
import type { ToolResult } from './session.ts';
import { isBearable } from './shape.ts';
import { badAnswer } from './wire.ts';

/** The JSON text of the answer; throws `GatewayError` for a result that the tool marks as an error. */
export function answerText(result: ToolResult): string {
  const content = Array.isArray(result.content) ? result.content : [];
  if (result.isError === true) throw toolError(content);
  try {
    return valueText(content, result.structuredContent);
  } catch (error) {
    // Nested thousands deep: JSON.parse reads that, but nothing can write it.
    throw error instanceof RangeError ? badAnswer('The result is nested too deeply.') : error;
  }
}

function valueText(content: readonly unknown[], structured: unknown): string {
  if (content.length === 0) return structured === undefined ? '[]' : stringifyJson(structured);
  if (content.length === 1) return elementText(content[0]);
  return `[${content.map(elementText).join(',')}]`;
}

/** JSON-RPC errors of the server by their code, as mcpo maps them. */
export function rpcFailure(error: RpcError): GatewayError {
  const detail: Record<string, unknown> = { message: error.message };
  if (error.data !== undefined && error.data !== null) detail.data = error.data;
  return new GatewayError('upstream_error', statusOf(error.code), error.message, { detail });
}

function statusOf(code: number): number {
  switch (code) {
    case PARSE_ERROR:
    case INVALID_REQUEST:
      return 400;
    case METHOD_NOT_FOUND:
      return 404;
    case INVALID_PARAMS:
      return 422;
    default:
      return 500;
  }
}

function toolError(content: readonly unknown[]): GatewayError {
  const first = content.find((item) => isRecord(item) && typeof item.text === 'string');
  const message = isRecord(first) ? String(first.text) : 'Unknown tool execution error';
  return new GatewayError('tool_error', 500, message, { detail: { message } });
}

function elementText(item: unknown): string {
  if (!isRecord(item)) return stringifyJson(item ?? null);
  switch (item.type) {
    case 'text':
      return typeof item.text === 'string' ? textText(item.text) : '""';
    case 'image':
    case 'audio':
      return JSON.stringify(dataUri(item.mimeType, item.data));
    case 'resource':
      return resourceText(item.resource);
    default:
      // Resource links and kinds yet unknown: as they came, rather than lost.
      return stringifyJson(item);
  }
}

/** Text that is JSON goes out as the very same text, so that 64-bit integers survive; any other as a string. */
function textText(text: string): string {
  return isJson(text) ? text : JSON.stringify(text);
}

/** A binary resource becomes a data URI, as images do; a text resource stays an object with its address. */
function resourceText(resource: unknown): string {
  if (isRecord(resource) && typeof resource.blob === 'string') {
    return JSON.stringify(dataUri(resource.mimeType, resource.blob));
  }
  return stringifyJson(resource ?? null);
}

function dataUri(mimeType: unknown, data: unknown): string {
  const type = typeof mimeType === 'string' ? mimeType : 'application/octet-stream';
  return `data:${type};base64,${typeof data === 'string' ? standardBase64(data) : ''}`;
}

/**
 * RFC 4648 section 4: no line breaks, no URL alphabet, padded. Clients look for exactly that and show anything else as
 * text. What is no base64 at all stays as it came.
 */
function standardBase64(data: string): string {
  if (data.length % 4 === 0 && !/[^A-Za-z0-9+/=]/.test(data)) return data;
  // Node reads both alphabets, and over line breaks.
  return isBase64(data) ? Buffer.from(data, 'base64').toString('base64') : data;
}

const SPACES: ReadonlySet<number> = new Set(Array.from('\t\n\v\f\r ', (space) => space.charCodeAt(0)));
const PADDING = '='.charCodeAt(0);
const DIGITS = digitTable('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_');

/** One look at each character and no copies: the data may have 32 MiB. */
function isBase64(data: string): boolean {
  let digits = 0;
  let padding = 0;
  for (let at = 0; at < data.length; at += 1) {
    const code = data.charCodeAt(at);
    if (DIGITS[code] === 1 && padding === 0) digits += 1;
    else if (code === PADDING && padding < 2) padding += 1;
    else if (!SPACES.has(code)) return false;
  }
  return digits % 4 !== 1;
}

function digitTable(digits: string): Uint8Array {
  const table = new Uint8Array(128);
  for (const digit of digits) table[digit.charCodeAt(0)] = 1;
  return table;
}

/** The first characters that JSON can have; most prose fails here, before the dear exception of the parser. */
const JSON_START = /^[\t\n\r ]*(?:[{["\-0-9]|true|false|null)/;

function isJson(text: string): boolean {
  // What takes seconds to read is passed on as the text that it is.
  if (!JSON_START.test(text) || !isBearable(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
