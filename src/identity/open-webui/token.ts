/** Reads a JSON Web Token (RFC 7519), verified or not, and judges what stands before its signature. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { unauthorized } from '../refusals.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface Token {
  /** As it was sent. */
  readonly text: string;
  readonly header: Claims;
  /** Nobody has verified them yet. */
  readonly claims: Claims;
}

/** Open WebUI's have some 400 characters. */
const LONGEST_TOKEN = 8192;

/** Throws 401 `invalid_credentials` where `text` is too long, or no JSON Web Token with a plain header. */
export function readToken(text: string): Token {
  if (text.length > LONGEST_TOKEN) {
    throw unauthorized('invalid_credentials', 'This token is longer than any that Open WebUI makes.');
  }
  const token = decoded(text);
  if (token === undefined) throw malformed();
  checkHeader(token.header);
  return token;
}

function decoded(text: string): Token | undefined {
  try {
    return { text, header: { ...decodeProtectedHeader(text) }, claims: decodeJwt(text) };
  } catch {
    // The errors of the library may quote what was sent.
    return undefined;
  }
}

/** In order: no extension that must be understood (RFC 7515 4.1.11), and a JWT where a type is named (RFC 7519 5.1). */
function checkHeader({ crit, typ }: Claims): void {
  if (crit !== undefined) throw malformed();
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT')) throw malformed();
}

/** Throws 401 unless the token says that it is signed by HS256; keys that its header points to are never looked at. */
export function checkAlgorithm({ alg }: Claims): void {
  if (alg === 'HS256') return;
  const isNameable = typeof alg === 'string' && /^[A-Za-z0-9-]{1,16}$/.test(alg);
  throw unauthorized(
    'invalid_credentials',
    `This token is signed by ${isNameable ? alg : 'an unknown algorithm'}; only HS256, as Open WebUI signs, counts. Send the token of an Open WebUI session.`,
  );
}

export function malformed(): Error {
  return unauthorized(
    'invalid_credentials',
    'This is no token of an Open WebUI session: it cannot be read. Sign in to Open WebUI again.',
  );
}
