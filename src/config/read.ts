/** Reads a configuration file as text, with a clear word for everything that is not one. */

import { createReadStream } from 'node:fs';
import { messageOf } from '../errors.ts';
import { ConfigError, type Problem } from './model.ts';

/** Far more than any real configuration; keeps a wrong path from eating the memory. */
export const MAX_FILE_BYTES = 5 * 1024 * 1024;

/** The text of `file`; what is wrong names it as it was given where acehoss/mcp-gateway did. */
export async function readText(file: string, given = file): Promise<string> {
  const bytes = await readBytes(file, given);
  if (bytes.length > MAX_FILE_BYTES) throw fileError(file, 'is larger than 5 MiB', 'is this the right file?');
  if (startsAsUtf16(bytes)) throw fileError(file, 'is UTF-16 text', 'save it as UTF-8');
  if (bytes.includes(0)) throw fileError(file, 'is not a text file', 'is this the right file?');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fileError(file, 'is not UTF-8 text', 'save it as UTF-8');
  }
}

/** Reads one byte more than allowed at most, so that even `/dev/zero` comes to an end. */
async function readBytes(file: string, given: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: MAX_FILE_BYTES })) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new ConfigError([unreadable(file, given, error)]);
  }
  return Buffer.concat(chunks);
}

function startsAsUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString('hex');
  return mark === 'fffe' || mark === 'feff';
}

function reasonOf(error: unknown): [message: string, remedy?: string] {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return ['does not exist', 'check the path; --config names the file'];
  if (code === 'EISDIR') return ['is a directory', 'name the file in it'];
  if (code === 'EACCES' || code === 'EPERM') return ['may not be read by this user', 'check its permissions'];
  return [`cannot be read: ${messageOf(error)}`];
}

function unreadable(file: string, given: string, error: unknown): Problem {
  const [message, remedy] = reasonOf(error);
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const original = `Error: ENOENT: no such file or directory, open '${given}'`;
  return { file, path: '', message, ...(remedy ? { remedy } : {}), ...(isMissing ? { original } : {}) };
}

function fileError(file: string, message: string, remedy?: string): ConfigError {
  const problem: Problem = { file, path: '', message, ...(remedy === undefined ? {} : { remedy }) };
  return new ConfigError([problem]);
}
