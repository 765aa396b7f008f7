/** Plays a story to a server, and writes down what both sides heard, so that two ways to the same server can be compared. */
import assert from 'node:assert/strict';
import { parseJson, stringifyJson } from '../../../src/schema/json.ts';
import { until } from '../../helpers/wait.ts';
import { CANCELLED, type Era, type Json, type OddMessage } from './odd-server.ts';
import { LONG } from './odd-texts.ts';
import type { Heard, Wire } from './wires.ts';

export interface Step {
  /** A JSON text. Ids and progress tokens are what the step's messages are told by, so no two steps share them. */
  readonly send: string;
  /** How many messages come beside the answer. */
  readonly others?: number;
  /** What becomes of it; a request is answered unless said otherwise. */
  readonly end?: 'cancelled' | 'left open';
}

type Message = OddMessage & Json;

export interface Entry {
  readonly sent: string;
  readonly answer: unknown;
  readonly status: number;
  readonly progress: readonly unknown[];
  /** Everything else, with `<id>` for the ids of the server's requests. */
  readonly others: readonly unknown[];
}

const WAIT_MS = 10_000;
/** What the client answers to the server's requests, by method. */
const ANSWERS: Readonly<Record<string, string>> = {
  'sampling/createMessage': `"result":{"role":"assistant","content":{"type":"hologram","n":${LONG}},"model":"m","x":[1]}`,
  'elicitation/create': `"result":{"action":"accept","content":{"n":${LONG}},"x":{"y":null}}`,
  'roots/list': `"result":{"roots":[{"uri":"file:///r%20x","name":"r","x":${LONG}}],"_meta":{"y":1}}`,
  'vendor/ask': `"error":{"code":-32099,"message":"no \\u00fc","data":{"n":${LONG}}}`,
  ping: `"result":{"x":${LONG}}`,
};

export async function play(wire: Wire, steps: readonly Step[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  let known = 0;
  for (const step of steps) {
    const from = known;
    const { id, method = '' } = parseJson(step.send) as Message;
    const sent = wire.send(step.send);
    sent.catch(() => undefined);
    if (id === undefined) await sent;
    if (method === 'notifications/initialized') await wire.listen();
    const isAnswered = id !== undefined && step.end === undefined;
    const expected = (step.others ?? 0) + (isAnswered ? 1 : 0);
    let answered = 0;
    known = await until(
      async () => {
        answered = await answerAll(wire, from, answered);
        return wire.heard.length >= from + expected && wire.heard.length;
      },
      WAIT_MS,
      `${expected} messages for ${method}`,
    );
    if (step.end === 'cancelled') await cancel(wire, id);
    else if (isAnswered) await sent;
    entries.push(entryOf(step.send, wire.heard.slice(from, known)));
  }
  return entries;
}

/** Answers the server's requests among what was heard since `from`, once each. Resolves with how many there were. */
async function answerAll(wire: Wire, from: number, answered: number): Promise<number> {
  const asked = wire.heard.slice(from).map(({ text }) => parseJson(text) as Message);
  const questions = asked.filter(({ id, method }) => id !== undefined && method !== undefined);
  for (const { id, method = '' } of questions.slice(answered)) {
    await wire.send(`{"jsonrpc":"2.0","id":${stringifyJson(id)},${ANSWERS[method]}}`);
  }
  return questions.length;
}

async function cancel(wire: Wire, id: OddMessage['id']): Promise<void> {
  if (id === undefined || wire.leave(id)) return;
  await wire.send(
    `{"jsonrpc":"2.0","method":"${CANCELLED}","params":{"requestId":${stringifyJson(id)},"reason":"r","x":${LONG}}}`,
  );
}

function entryOf(text: string, heard: readonly Heard[]): Entry {
  const { id, params } = parseJson(text) as Message;
  const messages = heard.map((one) => ({ ...one, message: parseJson(one.text) as Message }));
  const answers = messages.filter(({ message }) => message.method === undefined);
  const progress = messages.filter(({ message }) => message.method === 'notifications/progress');
  assert.ok(answers.length <= 1, 'one answer');
  for (const { message } of answers) assert.equal(message.id, id);
  const token = (params?._meta as Json | undefined)?.progressToken;
  for (const { message } of progress) assert.equal(message.params?.progressToken, token);
  return {
    sent: text,
    answer: answers[0]?.message,
    status: answers[0]?.status ?? 0,
    progress: progress.map(({ message }) => message),
    others: messages
      .filter(({ message }) => message.method !== undefined && message.method !== 'notifications/progress')
      .map(({ message }) => (message.id === undefined ? message : { ...message, id: '<id>' })),
  };
}

/**
 * What the server saw of the story, by the answer to `vendor/seen`; ids and tokens by the order in which they came. Of a
 * cancellation in 2026-07-28 only what was cancelled: over HTTP it has no words.
 */
export function seenBy({ answer }: Entry, era: Era): unknown[] {
  const { seen } = (answer as Message).result as { seen: Message[] };
  const ids = new Map<unknown, string>();
  const alias = (id: unknown): string => {
    const known = ids.get(id) ?? `#${ids.size}`;
    ids.set(id, known);
    return known;
  };
  return seen.map((message) => {
    const { id, method, params } = message;
    if (method === undefined) return { ...message, id: '<id>' };
    if (method === CANCELLED) {
      const requestId = alias(params?.requestId);
      return { ...message, params: era === 'modern' ? { requestId } : { ...params, requestId } };
    }
    const meta = params?._meta as Json | undefined;
    const token = meta?.progressToken === undefined ? {} : { progressToken: '<token>' };
    const known = meta === undefined ? params : { ...params, _meta: { ...meta, ...token } };
    return { ...message, ...(id === undefined ? {} : { id: alias(id) }), ...(known && { params: known }) };
  });
}
