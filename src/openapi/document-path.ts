/** A name as a path in a document: as it is, but for characters that would change the path's meaning. */

/**
 * Braces would make a parameter of a path, and `?`, `#` and `%` would end or change it. To browsers a backslash is a
 * slash, and they strip controls, and a space at the end (WHATWG URL 4.4).
 */
export function documentPath(name: string): string {
  return name.replace(/[{}?#%\\\p{Cc}]| $/gu, (character) => encodeURIComponent(character));
}
