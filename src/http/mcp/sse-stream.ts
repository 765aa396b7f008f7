/** The event stream of a client that speaks HTTP+SSE (2024-11-05): all that it is told comes here, answers included. */
import type { ServerResponse } from 'node:http';
import { MOST_UNREAD_BYTES, type Outlet } from '../../mcp/session/message-stream.ts';
import type { ReplyOutlet } from '../../mcp/session/reply-stream.ts';
import type { Message } from '../../upstream/peer/message.ts';
import { oneLine } from '../../upstream/peer/one-line.ts';
import { writeCounted } from './unsent.ts';

/** How soon a connection is looked after whose other end may have vanished without a word, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;
/** How long a client may take to read the rest, in milliseconds. */
const LAST_WORDS_MS = 5_000;

export class SseStream implements Outlet {
  readonly #response: ServerResponse;

  /** `endpoint`: where the client posts its messages; `headers` go out beside those of the transport. */
  constructor(response: ServerResponse, endpoint: string, headers: Readonly<Record<string, string>>) {
    this.#response = response;
    // Old proxies take comments for nothing, so the network has to tell who is gone as well.
    response.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      // nginx would keep events back.
      'x-accel-buffering': 'no',
    });
    this.#event('endpoint', endpoint);
  }

  /** Bytes. */
  get unread(): number {
    return this.#response.writableLength;
  }

  write({ text }: { readonly text: string }): void {
    this.#event('message', oneLine(text));
  }

  /**
   * A comment, which clients of every age pass over (HTML, server-sent events, interpretation). What has yet to leave keeps
   * the connection awake by itself, and whoever does not read is sent no more. Event ids are later than this transport.
   */
  touch(): void {
    if (this.unread === 0) writeCounted(this.#response, ':\n\n');
  }

  end(): void {
    this.#response.end();
    // Whoever does not read must not keep the gateway from closing.
    setTimeout(() => this.#response.destroy(), LAST_WORDS_MS).unref();
  }

  cut(): void {
    this.#response.destroy();
  }

  /** Where what one POST asked for is answered: here too. */
  replies(): ReplyOutlet {
    const stream = this;
    return {
      canStream: true,
      get unread() {
        return stream.unread;
      },
      write: (event) => stream.write(event),
      answer: (messages) => stream.#answer(messages),
      touch: () => undefined,
      // That one is answered, and the stream goes on.
      end: () => undefined,
      cut: () => stream.cut(),
    };
  }

  #answer(messages: readonly Message[]): void {
    if (this.unread > MOST_UNREAD_BYTES) this.cut();
    else for (const message of messages) this.write(message);
  }

  #event(name: string, data: string): void {
    writeCounted(this.#response, `event: ${name}\ndata: ${data}\n\n`);
  }
}
