/** MCP sessions as a client of the benchmark opens them: it declares nothing that a server could ask of it. */
const REVISION = '2025-11-25';
const TIMEOUT_MS = 10_000;

type Headers = Readonly<Record<string, string>>;

/** `initialize` and `notifications/initialized` at `url`; resolves with the headers of all that follows in the session. */
export async function openSession(url: string, headers: Headers): Promise<Headers> {
  const clientInfo = { name: 'bench', version: '1.0.0' };
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo };
  const answer = await post(url, headers, { jsonrpc: '2.0', id: 'initialize', method: 'initialize', params });
  const id = answer.headers.get('mcp-session-id');
  if (answer.status !== 200 || id === null) throw new Error(`${url} opened no session: ${await described(answer)}`);
  await answer.text();
  const own = { ...headers, 'mcp-session-id': id, 'mcp-protocol-version': REVISION };
  const noted = await post(url, own, { jsonrpc: '2.0', method: 'notifications/initialized' });
  if (noted.status !== 202) throw new Error(`${url} takes no notification: ${await described(noted)}`);
  await noted.text();
  return own;
}

/** Ends a session; `headers` as `openSession` gave them. */
export async function closeSession(url: string, headers: Headers): Promise<void> {
  const answer = await fetch(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${url} ended no session: ${await described(answer)}`);
  await answer.text();
}

function post(url: string, headers: Headers, message: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

async function described(answer: Response): Promise<string> {
  return `${answer.status} ${(await answer.text()).slice(0, 300)}`;
}
