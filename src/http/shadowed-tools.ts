/** Tools that their path does not reach: at the root paths of our own come first, and below a server those of a longer name. */
import type { Gateway } from '../gateway.ts';
import type { Log } from '../log-sink.ts';
import { decodePath, findPlace, type RoutingOptions, stripRootPath } from '../routing.ts';
import { REVOKE_TOKEN, TOKENS } from './token-panel.ts';

/** Where requests are routed. */
export interface Routes extends RoutingOptions {
  readonly servers: ReadonlyMap<string, { readonly name: string }>;
  readonly rootPath: string;
}

const OWN_FORMS = new Set(['/login', '/logout', TOKENS, REVOKE_TOKEN]);

/** True where `POST /<path>` is a route of ours; such a tool is at `/<server>/<path>` alone. */
export function isShadowed(path: string): boolean {
  return OWN_FORMS.has(`/${path}`) || path.startsWith('oauth/');
}

/**
 * True where a call of `path`, as a document has it (encoded, without the root path), comes to `server`. Clients resolve
 * `..` and take a backslash for a slash before they send it; of two names that fit, the longer one has the path.
 */
export function isPathOf(server: string, path: string, { servers, rootPath, ...routing }: Routes): boolean {
  const { pathname } = new URL(`http://localhost${rootPath}${path}`);
  const decoded = decodePath(stripRootPath(pathname, rootPath));
  const place = decoded === undefined ? undefined : findPlace(servers, decoded, routing);
  return place?.server.name === server;
}

/** Warns once of each tool that the root does not reach. `single`: the server whose tools are at the root; undefined: none. */
export function warnOfShadowedTools(gateway: Gateway, single: string | undefined, log: Log): void {
  const warned = new Set<string>();
  gateway.onTools(({ name, catalog }) => {
    if (name !== single) return;
    for (const { path } of catalog?.tools ?? []) {
      if (!isShadowed(path) || warned.has(path)) continue;
      warned.add(path);
      log.warn(
        { tool: path, path: `/${name}/${path}` },
        'a page of latchkey has the path of this tool; use the path here',
      );
    }
  });
}
