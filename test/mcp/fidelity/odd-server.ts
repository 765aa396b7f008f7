/** An MCP server of either era that does as `odd-texts.ts` says, whatever carries its messages. */
import { parseJson, stringifyJson } from '../../../src/schema/json.ts';
import { LEGACY_SCENES, MODERN_SCENES, ROUNDS_DONE, type Scene } from './odd-texts.ts';

export type Era = 'legacy' | 'modern';
export type Json = Record<string, unknown>;

export interface OddMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Json;
}

export interface Saying {
  readonly text: string;
  /** The id of the request that this belongs to, as JSON. */
  readonly about?: string;
  readonly isAnswer?: boolean;
  readonly status?: number;
}

const UNKNOWN: Scene = {
  error: '{"code":-32601,"message":"Method not found","data":{"method":$METHOD}}',
  status: 404,
};

/** The method by which a story learns what the server has seen of it. */
const REPORT = 'vendor/seen';
export const CANCELLED = 'notifications/cancelled';

export class OddServer {
  readonly #era: Era;
  readonly #say: (saying: Saying) => void;
  #seen: string[] = [];
  /** The id of the call that a story cancels in the end; other cancellations are left over from another story. */
  #slow: unknown;
  #isCancelled = false;
  #reportId: string | undefined;
  /** Goes on once the question is answered; by its id as JSON. */
  readonly #asked = new Map<string, (answer: unknown) => void>();

  constructor(era: Era, say: (saying: Saying) => void) {
    this.#era = era;
    this.#say = say;
  }

  hear(text: string): void {
    const message = parseJson(text) as OddMessage & Json;
    const { id, method, params = {} } = message;
    // The gateway's own requests, for its list of tools, belong to no story.
    const isStale = method === CANCELLED && params.requestId !== this.#slow;
    if (method !== REPORT && !isStale && !stringifyJson(params).includes('"latchkey"')) this.#seen.push(text);
    if (method === undefined) this.#asked.get(stringifyJson(id))?.(message.result ?? message.error);
    else if (id !== undefined) this.#request(message, stringifyJson(id));
    else this.#notified(method, params);
  }

  #notified(method: string, params: Json): void {
    if (method === CANCELLED && params.requestId === this.#slow) {
      this.#isCancelled = true;
      this.#report();
    }
    if (method !== 'notifications/vendor/poke') return;
    const heard = stringifyJson({ heard: params });
    this.#say({ text: `{"jsonrpc":"2.0","method":"notifications/vendor/poked","params":${heard}}` });
  }

  /** Tells what was seen, which is complete once the story's last call was cancelled. */
  #report(): void {
    const about = this.#reportId;
    if (about === undefined || !this.#isCancelled) return;
    const text = `{"jsonrpc":"2.0","id":${about},"result":{"resultType":"complete","seen":[${this.#seen.join(',')}]}}`;
    this.#say({ text, about, isAnswer: true });
    this.#seen = [];
    this.#isCancelled = false;
    this.#slow = undefined;
    this.#reportId = undefined;
  }

  #request(message: OddMessage, about: string): void {
    const { method = '', params = {} } = message;
    if (method === REPORT) {
      this.#reportId = about;
      this.#report();
      return;
    }
    if (params.name === 'slow') this.#slow = message.id;
    const scene = this.#sceneOf(method, params);
    const words: Record<string, string> = {
      $ID: about,
      $METHOD: stringifyJson(method),
      $PARAMS: stringifyJson(params),
      $TOKEN: stringifyJson((params._meta as Json | undefined)?.progressToken ?? null),
    };
    const fill = (text: string): string => text.replace(/\$[A-Z]+/g, (word) => words[word] ?? word);
    for (const text of scene.before ?? []) this.#say({ text: fill(text), about });
    this.#ask(scene.asks ?? [], [], about, (answers) => {
      words.$ANSWERS = stringifyJson(answers);
      this.#answer(scene, about, fill);
      for (const text of scene.after ?? []) this.#say({ text: fill(text) });
    });
  }

  #sceneOf(method: string, params: Json): Scene {
    const scenes = this.#era === 'modern' ? MODERN_SCENES : LEGACY_SCENES;
    const about = params.name ?? params.uri ?? params.cursor;
    if (about === 'rounds' && params.inputResponses !== undefined) return ROUNDS_DONE;
    return scenes[about === undefined ? method : `${method} ${about}`] ?? UNKNOWN;
  }

  #ask(questions: readonly string[], answers: unknown[], about: string, done: (answers: unknown[]) => void): void {
    const [text, ...rest] = questions;
    if (text === undefined) {
      done(answers);
      return;
    }
    const { id } = parseJson(text) as OddMessage;
    this.#asked.set(stringifyJson(id), (answer) => this.#ask(rest, [...answers, answer], about, done));
    this.#say({ text, about });
  }

  #answer({ result, error, status = 200 }: Scene, about: string, fill: (text: string) => string): void {
    const what = error === undefined ? result && `"result":${fill(result)}` : `"error":${fill(error)}`;
    if (what === undefined) return;
    const text = `{"jsonrpc":"2.0","id":${about},${what}}`;
    this.#say({ text, about, isAnswer: true, status: this.#era === 'modern' ? status : 200 });
  }
}
