/** A name as a path in a document: as it is, but for characters that would change the path's meaning. */

/** Braces would make a parameter of a path, and `?`, `#` and `%` would end or change it. */
export function documentPath(name: string): string {
  return name.replace(/[{}?#%]/g, (character) => encodeURIComponent(character));
}
