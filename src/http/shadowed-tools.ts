/** Tools of a single server stand at the root, where paths of our own come first: which ones those hide. */
import type { Gateway } from '../gateway.ts';
import type { Log } from '../log-sink.ts';

/** True where `POST /<path>` is a route of ours; such a tool is at `/<server>/<path>` alone. */
export function isShadowed(path: string): boolean {
  return path === 'login' || path === 'logout' || path.startsWith('oauth/');
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
