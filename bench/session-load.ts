/** One measurement of MCP: autocannon with a session for each connection, opened before and ended afterwards. */
import { createRequire } from 'node:module';
import { CONNECTIONS, type Target } from './load.ts';
import { closeSession, openSession } from './mcp-session.ts';

/** What we use of autocannon, which has no types. */
interface Client {
  setHeaders(headers: Readonly<Record<string, string>>): void;
}
interface AutocannonOptions {
  readonly url: string;
  readonly connections: number;
  readonly duration: number;
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly setupClient: (client: Client) => void;
  readonly verifyBody: (body: string) => boolean;
}
type Autocannon = (options: AutocannonOptions) => Promise<object>;

const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

const [text = '', seconds] = process.argv.slice(2);
const { url, headers, body = '', expected } = JSON.parse(text) as Target;
const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => openSession(url, headers)));
let next = 0;
const result = await autocannon({
  url,
  connections: CONNECTIONS,
  duration: Number(seconds),
  method: 'POST',
  headers,
  // The same id each time: it is free again once it is answered, and ready-made requests keep the load generator cheap.
  body,
  setupClient: (client) => client.setHeaders(sessions[next++] ?? headers),
  // The answer is JSON or an event; both have the message on one line.
  verifyBody: (answer) => answer.includes(expected),
});
await Promise.all(sessions.map((session) => closeSession(url, session)));
process.stdout.write(JSON.stringify(result));
