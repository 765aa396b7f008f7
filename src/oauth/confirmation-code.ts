/** The short code that a person carries from a page to their chat: made, read back and compared; no I/O. */
import { randomBytes } from 'node:crypto';
import { digest, matchesDigest } from '../identity/compare.ts';

/** Crockford's base32: without I, L, O and U, which are misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 50 bits. */
const LENGTH = 10;
/** Nothing longer is looked at. */
const LONGEST_INPUT = 64;

/** As a person reads it: `XXXXX-XXXXX`. */
export function newCode(): string {
  // 256 is a multiple of 32, so that each character is equally likely.
  const code = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

/** True for what `newCode` makes, however it was typed. */
export function looksLikeCode(text: string): boolean {
  if (text.length > LONGEST_INPUT) return false;
  const code = plain(text);
  return code.length === LENGTH && [...code].every((character) => ALPHABET.includes(character));
}

/**
 * What is stored of the code of a login. Salted with the login's `id`, so that no table of codes fits two of them. A
 * slow or keyed hash would add nothing: the row is sealed, and whoever can open it has the tokens themselves.
 */
export function hashOf(id: string, code: string): string {
  return digest(salted(id, code)).toString('base64url');
}

/** True where `text`, as somebody typed it, is the code of that hash; takes the same time wherever they differ. */
export function isCode(id: string, text: string, hash: string): boolean {
  const code = text.length > LONGEST_INPUT ? '' : text;
  return matchesDigest(salted(id, code), Buffer.from(hash, 'base64url'));
}

function salted(id: string, code: string): string {
  return `${id}:${plain(code)}`;
}

/** Case, blanks and hyphens do not count, and neither do the letters that were left out for looking alike. */
function plain(code: string): string {
  return code
    .toUpperCase()
    .replaceAll(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
}
