/** Open WebUI's backend as a client: fetches the document as nobody, calls as the person who chats. */
import { isRecord, type JsonRecord } from '../../src/schema/json-schema.ts';
import { pause } from '../helpers/wait.ts';
import { type RawAnswer, type RawRequest, raw } from '../http/raw.ts';
import { convertInBackend } from './backend-convert.ts';
import type { Connection, ConvertedTool, NamedOperation, Outcome, Person } from './client-model.ts';
import { operationsOf } from './operations.ts';
import { declaredArguments, placeArguments, pythonWords } from './placing.ts';
import { backendValue, outcomeOf } from './results.ts';

const PYTHON = ['user-agent', 'Python/3.12 aiohttp/3.13.2', 'accept-encoding', 'gzip, deflate, br'];
const FETCH_MS = 10_000;
const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export interface Called extends Outcome {
  readonly answer: RawAnswer;
}

/** One connection, with the document as it was fetched last: all people share that. */
export class Backend {
  readonly #connection: Connection;
  #document: JsonRecord | undefined;
  #tools: readonly ConvertedTool[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The tools that everybody is shown; a document that cannot be fetched leaves none. */
  async load(): Promise<readonly ConvertedTool[]> {
    this.#document = await fetchDocument(this.#connection);
    this.#tools = this.#document === undefined ? [] : convertInBackend(this.#document);
    return this.#tools;
  }

  get document(): JsonRecord {
    if (this.#document === undefined) throw new Error('Tool server data not found');
    return this.#document;
  }

  /** What the chat of `person` gets when the model calls the tool. */
  async call(person: Person, name: string, args: JsonRecord = {}): Promise<Called> {
    const tool = this.#tools.find((one) => one.name === name);
    const operation = operationsOf(this.document).find((one) => one.operation.operationId === name);
    if (tool === undefined || operation === undefined) throw new Error(`No matching route found for ${name}`);
    const answer = await this.#send(operation, declaredArguments(tool, args), person);
    return { ...outcomeOf(backendValue(answer), answer.headers), answer };
  }

  #send(operation: NamedOperation, args: JsonRecord, person: Person): Promise<RawAnswer> {
    const { path, body } = placeArguments(operation, args, pythonWords);
    const request: RawRequest = {
      method: operation.method,
      headers: callHeaders(this.#connection, person),
      ...(BODY_METHODS.has(operation.method) ? { body: JSON.stringify(body) } : {}),
    };
    // Whatever the document says of servers, the path follows the URL of the connection.
    return send(this.#connection.url.replace(/\/+$/, '') + path, request);
  }
}

/** Undefined where the server is left out: another status than 200, no JSON, no `paths`, or later than 10 s. */
async function fetchDocument({ url, path, authType, key }: Connection): Promise<JsonRecord | undefined> {
  const address = path.includes('://') ? path : `${url.replace(/\/+$/, '')}/${path}`;
  const json = ['accept', 'application/json', 'content-type', 'application/json'];
  const authorization = authType === 'bearer' ? ['authorization', `Bearer ${key ?? ''}`] : [];
  const answer = await within(FETCH_MS, send(address, { headers: [...json, ...PYTHON, ...authorization] }));
  if (answer?.status !== 200) return undefined;
  try {
    const document: unknown = JSON.parse(answer.body);
    return isRecord(document) && isRecord(document.paths) ? document : undefined;
  } catch {
    return undefined;
  }
}

function callHeaders(connection: Connection, person: Person): string[] {
  const { authType, key, headers = {}, forwardCookies } = connection;
  const token = authType === 'bearer' ? key : authType === 'session' ? person.token : undefined;
  return [
    ...['content-type', 'application/json', 'accept', '*/*', ...PYTHON],
    ...(token === undefined ? [] : ['authorization', `Bearer ${token}`]),
    ...Object.entries(headers).flat(),
    ...(forwardCookies === true && person.cookies !== undefined ? ['cookie', person.cookies] : []),
    ...userInfo(connection, person),
  ];
}

function userInfo({ userInfo: kind }: Connection, person: Person): string[] {
  if (kind === undefined) return [];
  const chat = ['x-openwebui-chat-id', 'chat-1', 'x-openwebui-message-id', 'message-1'];
  if (kind === 'signed') return ['x-openwebui-user-jwt', person.userJwt ?? '', ...chat];
  return [
    ...['x-openwebui-user-name', encodeURIComponent(person.name), 'x-openwebui-user-id', person.id],
    ...['x-openwebui-user-email', person.email, 'x-openwebui-user-role', person.role],
    ...chat,
  ];
}

function send(address: string, request: RawRequest): Promise<RawAnswer> {
  const { origin, pathname, search } = new URL(address);
  return raw(origin, { ...request, path: pathname + search });
}

/** Undefined where the answer takes longer. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([answer, pause(ms, done.signal).then(() => undefined)]);
  } finally {
    done.abort();
  }
}
