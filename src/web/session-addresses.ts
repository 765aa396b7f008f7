/** The addresses that callers of acehoss/mcp-gateway know a server by. */

/** As the page and the JSON at `/` name them. */
export interface SessionAddresses {
  /** Of event streams, each with a process of its own. */
  readonly sse_url: string;
  /** What `/<tool>?sessionId=` follows; absent where the gateway serves nothing there. */
  readonly api_url?: string;
}

/** `path` as in `ServerModel`; `publicBase` without a trailing slash. */
export function sessionAddresses(
  publicBase: string,
  { name, path }: { readonly name: string; readonly path: string },
  servesApi: boolean,
): SessionAddresses {
  const api = `${publicBase}/api/${encodeURI(name)}`;
  return { sse_url: `${publicBase}${path}`, ...(servesApi ? { api_url: api } : {}) };
}
