/** Where the tools of a server are below its path: at their names, unless somebody on the way reads another path there. */
import { createHash } from 'node:crypto';

/** `POST /<server>/mcp` is the MCP endpoint, so a tool of that name moves. */
const TAKEN = 'mcp';
/** Backslashes, escapes, controls (which URL parsers strip) and halves of characters. */
const UNSTABLE = /[\\\p{Cc}\p{Cs}]|%[\da-f]{2}/iu;
/** What is a segment `.` or `..` to URL parsers (WHATWG URL 4.2), or to whoever decodes once more. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\]|%2f|%5c)/i;

/**
 * The paths of the tools that are not at their names, by name. `names`: of all tools, each once. No two tools have one
 * path, and none has the name of another.
 */
export function movedPaths(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set(names);
  const moved = new Map<string, string>();
  for (const name of names) {
    const wanted = otherPath(name);
    if (wanted === undefined) continue;
    const path = firstFree(wanted, taken);
    taken.add(path);
    moved.set(name, path);
  }
  return moved;
}

/**
 * True where a moved tool may be called by its percent-encoded name as well, as in mcpo. Never where that could leave
 * the server's path: proxies decode and resolve it before we see it.
 */
export function answersToName(name: string): boolean {
  return name !== TAKEN && !DOT_SEGMENT.test(withoutControls(name));
}

/** Undefined for a name that is a path as it stands. */
function otherPath(name: string): string | undefined {
  if (name === TAKEN) return `${TAKEN}-tool`;
  return isPlain(name) ? undefined : `tool-${hashOf(name).slice(0, 12)}`;
}

/** In UTF-8 all halves of characters are alike, and a list of them would be looked through for each. */
function hashOf(name: string): string {
  const encoding = /\p{Cs}/u.test(name) ? 'utf16le' : 'utf8';
  return createHash('sha256').update(name, encoding).digest('hex');
}

/** Where all read one path: `..` would make it one of another server, and `//`, white space and escapes one of another tool. */
function isPlain(name: string): boolean {
  if (UNSTABLE.test(name) || DOT_SEGMENT.test(name) || name !== name.trim()) return false;
  return !name.split('/').includes('');
}

function withoutControls(name: string): string {
  return name.replace(/\p{Cc}|%[01][\da-f]|%7f/giu, '');
}

function firstFree(path: string, taken: ReadonlySet<string>): string {
  if (!taken.has(path)) return path;
  let count = 2;
  while (taken.has(`${path}-${count}`)) count += 1;
  return `${path}-${count}`;
}
