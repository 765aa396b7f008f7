/** Reads one `Authorization` header value. */

export type Authorization =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'malformed-basic' }
  | { readonly scheme: 'other' };

/** Scheme names are case-insensitive (RFC 9110 11.1); an empty bearer token counts as `other`, as in mcpo. */
export function readAuthorization(value: string | undefined): Authorization {
  if (value === undefined || value === '') return { scheme: 'none' };
  const space = value.indexOf(' ');
  const scheme = (space === -1 ? value : value.slice(0, space)).toLowerCase();
  // RFC 9110 11.4 allows several spaces here.
  const rest = space === -1 ? '' : value.slice(space + 1).trimStart();
  if (scheme === 'bearer' && rest !== '') return { scheme: 'bearer', token: rest };
  if (scheme === 'basic') return readBasic(rest.trim());
  return { scheme: 'other' };
}

/** RFC 7617: the user name ends at the first colon, so a password may hold colons. */
function readBasic(encoded: string): Authorization {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return { scheme: 'malformed-basic' };
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return { scheme: 'malformed-basic' };
  return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}
