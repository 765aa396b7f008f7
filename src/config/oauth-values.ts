/** Texts in a server's `oauth`, checked as the RFCs want them. */

import type { Checked } from './values.ts';

/** Idle time of a visitor, as in mcpo. */
export const DEFAULT_SESSION_MINUTES = 30;

/** RFC 6749 3.3: printable ASCII but space, quotation mark and backslash. */
const SCOPE_TOKEN = /^[!#-[\]-~]+$/;

/** RFC 6749 appendix A.1 and A.2. */
const VISIBLE = /^[ -~]+$/;

/** RFC 3986 4.3, without the fragment that RFC 8707 2 forbids. */
const ABSOLUTE_URI = /^[a-z][a-z0-9+.-]*:[\w\-.~:/?[\]@!$&'()*+,;=%]+$/i;

/** Scopes with exactly one space between them, whatever stood there. */
export function checkScope(text: string): Checked<string> {
  const tokens = text.split(/\s+/).filter((token) => token !== '');
  if (tokens.length === 0) return { flaw: 'is empty', remedy: 'leave it out to ask for what the server says' };
  if (tokens.every((token) => SCOPE_TOKEN.test(token))) return { value: tokens.join(' ') };
  return {
    flaw: 'holds a character that no scope has',
    remedy: 'write the scopes with spaces between, without quotes',
  };
}

/** An id or secret of a client, byte for byte; the message never holds it. */
export function checkCredential(text: string): Checked<string> {
  if (text === '') return { flaw: 'is empty', remedy: 'fill it in or leave it out' };
  if (/[\r\n]/.test(text)) return { flaw: 'must not hold a line break (a secret read from a file often ends in one)' };
  return VISIBLE.test(text) ? { value: text } : { flaw: 'holds a character other than printable ASCII' };
}

/** An issuer (RFC 8414 2), byte for byte: it is compared as text. */
export function checkIssuer(text: string): Checked<string> {
  const flaw = webUrlFlaw(text) ?? (/[?#]/.test(text) ? 'must not hold a query or a fragment' : undefined);
  return flaw === undefined ? { value: text } : { flaw, remedy: 'write it like https://login.example.org' };
}

/** The base address of an authorization server, without a trailing slash. */
export function checkServerUrl(text: string): Checked<string> {
  const checked = checkIssuer(text);
  return 'value' in checked ? { value: checked.value.replace(/\/+$/, '') } : checked;
}

/** A page about the client (RFC 7591 2). */
export function checkWebUrl(text: string): Checked<string> {
  const flaw = webUrlFlaw(text);
  return flaw === undefined ? { value: text } : { flaw };
}

/** The resource to ask for (RFC 8707 2), byte for byte, or `omit`. */
export function checkResource(text: string): Checked<string> {
  if (text === 'omit' || (ABSOLUTE_URI.test(text) && URL.canParse(text))) return { value: text };
  const flaw = text.includes('#') ? 'must not hold a fragment' : 'must be an absolute URI';
  return { flaw, remedy: 'write it like https://mcp.example.org/mcp, or omit to send none' };
}

/** A client id that is the address of a document: https, with a path, in the only form that it can be compared in. */
export function checkClientMetadataUrl(text: string): Checked<string> {
  const remedy = 'write it like https://tools.example.org/client.json';
  const flaw = webUrlFlaw(text);
  if (flaw !== undefined) return { flaw, remedy };
  const url = new URL(text);
  if (url.protocol !== 'https:') return { flaw: 'must be an https:// URL', remedy };
  if (url.pathname === '/') return { flaw: 'must have a path', remedy };
  if (text.includes('#')) return { flaw: 'must not hold a fragment', remedy };
  // A host in capitals, or dots in the path: what we send and what is fetched would differ.
  return url.href === text ? { value: text } : { flaw: `is not in its normal form ${url.href}`, remedy };
}

function webUrlFlaw(text: string): string | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return 'must be an http:// or https:// URL';
  // Any @ before the path, because the parser forgets an empty name.
  if (/^https?:\/*[^/?#]*@/i.test(text)) return 'must not hold a name or password';
  return undefined;
}
