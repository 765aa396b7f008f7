/** What Open WebUI makes of the answer to a call: text for the model, images, hidden files, and whether it failed. */
import { isRecord, listOf } from '../../src/schema/json-schema.ts';
import type { RawAnswer } from '../http/raw.ts';
import type { Outcome } from './client-model.ts';

const STANDARD_BASE64 = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?';
const IMAGE = new RegExp(`^data:image/[\\w.+-]+;base64,${STANDARD_BASE64}$`);

/** The value of a call that the backend made; the text of an error is the body, word for word. */
export function backendValue({ status, headers, body }: RawAnswer): unknown {
  if (status >= 400) return { error: `HTTP error ${status}: ${body}` };
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
  const isJson = type === 'application/json' || type.endsWith('+json');
  if (isJson && body !== '') {
    const value = parsed(body);
    if (value !== undefined) return value;
  } else if (type === '' || type.startsWith('text/')) return body;
  return body === '' ? null : asDataUri(type, body);
}

/** The value of a call that a browser made: whatever parses is JSON. */
export function browserValue({ status, headers, body }: RawAnswer): unknown {
  if (status >= 400) return { error: `HTTP error! Status: ${status}. Message: ${body}` };
  const value = parsed(body);
  if (value !== undefined) return value;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
  return type === '' || type.startsWith('text/') ? body : asDataUri(type, body);
}

/** What the chat shows of a value. */
export function outcomeOf(value: unknown, headers: RawAnswer['headers'] = {}): Outcome {
  const images: string[] = [];
  const files: string[] = [];
  const isInline = /^inline\b/.test(headers['content-disposition'] ?? '');
  const isPage = isInline && /^text\/html\b/.test(headers['content-type'] ?? '');
  const isEmbed = isPage || (isInline && headers.location !== undefined);
  const kept = takeImages(withoutFiles(value, files), images);
  return { text: shown(kept), images, files, isEmbed, isFailure: isFailure(value) };
}

function withoutFiles(value: unknown, files: string[]): unknown {
  if (!Array.isArray(value)) return value;
  return value.filter((item) => {
    const isFile = typeof item === 'string' && item.startsWith('data:') && !IMAGE.test(item);
    if (isFile) files.push(item);
    return !isFile;
  });
}

/** Only a string that is nothing but an image is one. */
function takeImages(value: unknown, images: string[]): unknown {
  if (typeof value === 'string') {
    if (!IMAGE.test(value)) return value;
    images.push(value);
    return '[image]';
  }
  if (Array.isArray(value)) return value.map((item) => takeImages(item, images));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, takeImages(member, images)]));
}

/** In Python's words. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return JSON.stringify({ results: listOf(value) });
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isFailure(value: unknown): boolean {
  if (typeof value === 'string') return /^(?:Error:|Traceback)/.test(value);
  if (!isRecord(value)) return false;
  const { error, status, success, ok, message } = value;
  if (error || status === 'error' || status === 'failed') return true;
  return (success === false || ok === false) && Boolean(message);
}

function asDataUri(type: string, body: string): string {
  return `data:${type};base64,${Buffer.from(body).toString('base64')}`;
}

/** Undefined where the text is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
