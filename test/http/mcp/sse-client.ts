/** A client of HTTP+SSE (2024-11-05) that shows each event as it came, and reads only if it is asked to. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { until } from '../../helpers/wait.ts';

export interface SseEvent {
  readonly name: string;
  readonly data: string;
}

export class SseClient {
  readonly response: IncomingMessage;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;
  #text = '';
  #isOver = false;

  /** Opens the stream at `path`; without `isReading` the answer stays in the socket. */
  static async open(
    origin: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    isReading = true,
  ): Promise<SseClient> {
    const sent = request(origin + path, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return new SseClient(origin, headers, response, isReading);
  }

  private constructor(
    origin: string,
    headers: Readonly<Record<string, string>>,
    response: IncomingMessage,
    isReading: boolean,
  ) {
    this.#origin = origin;
    this.#headers = headers;
    this.response = response;
    const over = (): void => {
      this.#isOver = true;
    };
    response.on('error', over).on('close', over);
    if (isReading) this.read();
  }

  read(): void {
    this.response.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
    });
  }

  /** Word for word. */
  get text(): string {
    return this.#text;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get events(): readonly SseEvent[] {
    const found = [...this.#text.matchAll(/event: (.*)\ndata: (.*)\n\n/g)];
    return found.map(([, name = '', data = '']) => ({ name, data }));
  }

  /** Of the messages alone. */
  get messages(): readonly Record<string, unknown>[] {
    return this.events.filter(({ name }) => name === 'message').map(({ data }) => JSON.parse(data));
  }

  /** Where messages are posted; it is what the first event says. */
  async endpoint(): Promise<string> {
    return (await until(() => this.events[0])).data;
  }

  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.#origin + (await this.endpoint()), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#headers, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Posts a request, and resolves with the answer that comes on the stream. */
  async ask(id: number | string, method: string, params: object = {}): Promise<Record<string, unknown>> {
    const posted = await this.post({ jsonrpc: '2.0', id, method, params });
    if (posted.status !== 202) throw new Error(`${posted.status}: ${await posted.text()}`);
    return this.answer(id);
  }

  answer(id: number | string): Promise<Record<string, unknown>> {
    return until(() => this.messages.find((message) => message.id === id && !('method' in message)));
  }

  /** The handshake. */
  async begin(capabilities: object = {}): Promise<Record<string, unknown>> {
    const clientInfo = { name: 'old', version: '1.0.0' };
    const answer = await this.ask('begin', 'initialize', { protocolVersion: '2024-11-05', capabilities, clientInfo });
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return answer;
  }

  leave(): void {
    this.response.destroy();
  }
}
