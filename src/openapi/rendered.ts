/** Turns a document into the bytes that are served, once, with the tag by which clients recognise them. */
import { createHash } from 'node:crypto';
import { stringifyJson } from '../schema/json.ts';
import type { OpenApiDocument } from './model.ts';

export interface Rendered {
  readonly bytes: Buffer;
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
}

/** The JSON of a document, in UTF-8; equal documents have equal tags. */
export function render(document: OpenApiDocument): Rendered {
  const bytes = Buffer.from(stringifyJson(document), 'utf8');
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { bytes, etag };
}
