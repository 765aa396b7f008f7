/** A model behind the API of OpenAI that calls the tool it is told to, and tells what it read of the call. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { listen } from '../../test/helpers/listen.ts';
import type { Json } from './driver.ts';

export const MODEL = 'scripted';

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

export class ScriptedModel {
  /** For `OPENAI_API_BASE_URLS`. */
  readonly url: string;
  readonly close: () => Promise<void>;
  #call: Json = {};
  #finish: (read: string) => void = () => undefined;

  static async start(): Promise<ScriptedModel> {
    let model: ScriptedModel | undefined;
    const listening = await listen((request, response) => void model?.serve(request, response));
    model = new ScriptedModel(`${listening.origin}/v1`, () => listening.stop());
    return model;
  }

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.close = close;
  }

  /** Calls this tool at the next message; resolves with what it reads as the result. */
  nextCall(name: string, args: Json): Promise<string> {
    this.#call = { name, arguments: JSON.stringify(args) };
    return new Promise((done) => {
      this.#finish = done;
    });
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return answer(response, { data: [{ id: MODEL, object: 'model' }] });
    const { messages } = (await json(request)) as Asked;
    const last = messages.at(-1);
    if (last?.role === 'tool') {
      this.#finish(inText(last.content));
      return stream(response, { content: 'Done.' }, 'stop');
    }
    const call = { index: 0, id: 'call_1', type: 'function', function: this.#call };
    stream(response, { role: 'assistant', tool_calls: [call] }, 'tool_calls');
  }
}

function inText(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

function answer(response: ServerResponse, body: Json): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function stream(response: ServerResponse, delta: Json, finish_reason: string): void {
  const chunk = {
    id: 'chat',
    object: 'chat.completion.chunk',
    model: MODEL,
    choices: [{ index: 0, delta, finish_reason }],
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
}
