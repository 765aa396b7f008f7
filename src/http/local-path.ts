/** Where a page may send a browser on to: paths of our own, and nothing else. */

/** Only to resolve against; never seen. */
const BASE = 'http://gateway.invalid';

/**
 * The path of ours that `text` names, or `/`. Everything that a browser could read as another site is `/`: other schemes,
 * `//host`, backslashes, control characters (which browsers strip), and what is absurdly long.
 */
export function localPath(text: string | null | undefined): string {
  if (text === null || text === undefined || text.length > 1_000) return '/';
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return '/';
  const url = URL.canParse(text, BASE) ? new URL(text, BASE) : undefined;
  if (url === undefined || url.origin !== BASE || url.pathname.startsWith('//')) return '/';
  return url.pathname + url.search + url.hash;
}
