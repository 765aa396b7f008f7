/** Waits on a port of this machine for the browser to come back from the authorization server (RFC 8252 7.3). */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Finish, isAnswer, type Outcome } from './callback.ts';
import { CALLBACK_HEADERS, callbackPage } from './callback-page.ts';

export interface CallbackListenerOptions {
  readonly port: number;
  readonly serverName: string;
  /** Where the gateway is, for the link on the page. */
  readonly home: string;
  readonly finish: Finish;
}

/** Both, because `localhost` is either; a browser must not find somebody else at one of them. */
const ADDRESSES = ['127.0.0.1', '::1'];
/** This machine does not have that family of addresses. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
const MOST_CONNECTIONS = 20;
const REQUEST_MS = 10_000;

export class CallbackListener {
  readonly #options: CallbackListenerOptions;
  readonly #servers: Server[] = [];

  private constructor(options: CallbackListenerOptions) {
    this.#options = options;
  }

  /** Rejects as `listen` does, with `EADDRINUSE` where another program has the port. */
  static async open(options: CallbackListenerOptions): Promise<CallbackListener> {
    const listener = new CallbackListener(options);
    try {
      for (const address of ADDRESSES) await listener.#listen(address);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** Cuts what is open; may be called again. */
  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(
      servers.map(async (server) => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  async #listen(address: string): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.maxConnections = MOST_CONNECTIONS;
    server.requestTimeout = REQUEST_MS;
    server.headersTimeout = REQUEST_MS;
    server.listen({ port: this.#options.port, host: address });
    try {
      await once(server, 'listening');
      this.#servers.push(server);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!NO_SUCH_ADDRESS.has(code) || address === ADDRESSES[0]) throw error;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port, serverName, finish } = this.#options;
    // A page elsewhere whose name was made to lead here (DNS rebinding) has its own name in the header.
    if (!isLoopbackName(request.headers.host, port)) return this.#send(response, 403, ...NOT_HERE);
    const query = queryOf(request);
    if (request.method !== 'GET' || query === undefined || !isAnswer(query)) {
      return this.#send(response, 404, ...NOT_HERE);
    }
    const outcome = await finish(query);
    const over = outcome.kind !== 'foreign';
    if (over) response.once('close', () => void this.close());
    this.#send(response, outcome.kind === 'done' ? 200 : 400, ...wordsFor(outcome, serverName));
  }

  #send(response: ServerResponse, status: number, title: string, ...texts: string[]): void {
    response.writeHead(status, CALLBACK_HEADERS);
    response.end(callbackPage({ title, texts, home: this.#options.home }));
  }
}

const NOT_HERE = ['Nothing to see here', 'latchkey waits here for the end of a login.'] as const;

function wordsFor(outcome: Outcome, serverName: string): readonly [string, ...string[]] {
  switch (outcome.kind) {
    case 'done':
      return [`Connected to ${serverName}`, 'You can close this window.'];
    case 'failed':
      return [outcome.title, outcome.message, outcome.remedy];
    default:
      return ['This login is not under way', 'It was ended already, or it was not begun here.', 'Connect again.'];
  }
}

/** Undefined: not a path with a query. */
function queryOf({ url = '' }: IncomingMessage): URLSearchParams | undefined {
  const start = url.indexOf('?');
  return url.startsWith('/') && start !== -1 ? new URLSearchParams(url.slice(start)) : undefined;
}

function isLoopbackName(host: string | undefined, port: number): boolean {
  return ['localhost', ...ADDRESSES.map((address) => (address.includes(':') ? `[${address}]` : address))].some(
    (name) => host?.toLowerCase() === `${name}:${port}`,
  );
}
