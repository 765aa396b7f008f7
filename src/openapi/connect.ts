/** The operation that every server with a login for each person has besides its tools: it tells how to connect. */
import type { DocumentedTool } from './model.ts';

/** As much of a catalog as it takes. */
interface Tools {
  readonly byPath: ReadonlyMap<string, unknown>;
}

const OURS = 'latchkey_';

/** `connect_<server>`, unless somebody has a tool of that name; `tools`: those of everybody. */
export function connectPath(server: string, tools: Tools | undefined): string {
  let path = plainPath(server);
  while (tools?.byPath.has(path) === true) path = OURS + path;
  return path;
}

/** True where a call of `path` asks how to connect: documents may have named it either way before a tool of that name came up. */
export function isConnectPath(path: string, server: string, own: Tools | undefined): boolean {
  const plain = plainPath(server);
  return path.endsWith(plain) && path.replace(/^(?:latchkey_)+/, '') === plain && own?.byPath.has(path) !== true;
}

export function connectTool(server: string, tools: Tools | undefined): DocumentedTool {
  const name = connectPath(server, tools);
  return {
    name,
    path: name,
    title: `Connect ${server}`,
    description: `Connects the user's own account at "${server}". Call it without arguments to learn whether it is connected, or to get a link for the user to open. If the page shows the user a code, call it again with that code.`,
    inputSchema: { type: 'object', properties: { code: { type: 'string', description: CODE } } },
    outputSchema: { type: 'string' },
  };
}

const CODE = 'The code that the page showed after signing in; leave it out to get the link.';

function plainPath(server: string): string {
  return `connect_${server}`;
}
