/** From a request path to a server and what is asked of it: longest server name first, slashes in tool names allowed. */

export interface Place<S> {
  readonly server: S;
  /** What follows the server's name, decoded, without the leading slash: a tool's path, `openapi.json`, `docs` or nothing. */
  readonly rest: string;
}

export interface RoutingOptions {
  /** `/` or `/prefix/`; precedes server names only. */
  readonly pathPrefix: string;
  /** The server whose tools are also at the root, in single mode. */
  readonly single?: string | undefined;
}

/** Decodes a raw path without its query; undefined when the escapes are malformed. */
export function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Finds the server that `path` (decoded) names; for a single server a path without its name is its own as well. */
export function findPlace<S>(
  servers: ReadonlyMap<string, S>,
  path: string,
  options: RoutingOptions,
): Place<S> | undefined {
  return findNamed(servers, path, options.pathPrefix) ?? findSingle(servers, path, options.single);
}

function findNamed<S>(servers: ReadonlyMap<string, S>, path: string, prefix: string): Place<S> | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const tail = path.slice(prefix.length);
  // What is longer than every name is none: a path may have thousands of slashes, and a look at each costs its length.
  const longest = longestName(servers);
  let end = tail.length <= longest ? tail.length : tail.lastIndexOf('/', longest);
  while (end > 0) {
    const server = servers.get(tail.slice(0, end));
    if (server !== undefined) return { server, rest: withoutTrailingSlash(tail.slice(end + 1)) };
    end = tail.lastIndexOf('/', end - 1);
  }
  return undefined;
}

function longestName(servers: ReadonlyMap<string, unknown>): number {
  let longest = 0;
  for (const name of servers.keys()) longest = Math.max(longest, name.length);
  return longest;
}

function findSingle<S>(servers: ReadonlyMap<string, S>, path: string, single?: string): Place<S> | undefined {
  const server = single === undefined ? undefined : servers.get(single);
  return server === undefined ? undefined : { server, rest: withoutTrailingSlash(path.slice(1)) };
}

function withoutTrailingSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text;
}

/** The raw URL as it is routed: without `rootPath`, so that a proxy may strip it or keep it, and with sound escapes. */
export function stripRootPath(raw: string, rootPath: string): string {
  const url = raw.includes('%') ? withSoundEscapes(raw) : raw;
  if (rootPath === '' || !url.startsWith(rootPath)) return url;
  const rest = url.slice(rootPath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

/** As in mcpo, a `%` that starts no escape stands for itself, and bytes that are no UTF-8 for an unknown letter. */
function withSoundEscapes(url: string): string {
  const [path = ''] = url.split('?', 1);
  if (decodePath(path) !== undefined) return url;
  const escaped = path.replace(/%(?![0-9a-f]{2})/gi, '%25');
  const sound = decodePath(escaped) === undefined ? escaped.replace(/%[89a-f][0-9a-f]/gi, '%EF%BF%BD') : escaped;
  return sound + url.slice(path.length);
}

/** Where people reach the gateway, without a trailing slash; a path in the public URL already is the root path. */
export function publicBase(publicUrl: URL, rootPath: string): string {
  return publicUrl.pathname === '/' ? `${publicUrl.origin}${rootPath}` : publicUrl.href.replace(/\/$/, '');
}
