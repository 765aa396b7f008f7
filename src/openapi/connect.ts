/** The operation that every server with a login for each person has besides its tools: it tells how to connect. */
import type { DocumentedTool } from './model.ts';

/** As much of a catalog as it takes. */
interface Tools {
  readonly byPath: ReadonlyMap<string, unknown>;
}

/** `connect_<server>`, unless the server has a tool of that name. */
export function connectPath(server: string, catalog: Tools | undefined): string {
  const plain = `connect_${server}`;
  return catalog?.byPath.has(plain) === true ? `latchkey_${plain}` : plain;
}

export function connectTool(server: string, catalog: Tools | undefined): DocumentedTool {
  const name = connectPath(server, catalog);
  return {
    name,
    path: name,
    title: `Connect ${server}`,
    description: `Tells whether your own account at "${server}" is connected, and the address where you can connect it.`,
    inputSchema: { type: 'object', properties: {} },
    outputSchema: { type: 'string' },
  };
}
