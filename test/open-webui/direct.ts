/** Open WebUI's page as a client of its own: a direct connection, with the token of the person who sits there. */
import { isRecord, type JsonRecord, recordOf } from '../../src/schema/json-schema.ts';
import type { RawAnswer } from '../http/raw.ts';
import { convertInBrowser } from './browser-convert.ts';
import { FailedToFetch, type Page } from './browser-fetch.ts';
import type { Connection, ConvertedTool, Outcome, Person } from './client-model.ts';
import { operationsOf } from './operations.ts';
import { placeArguments } from './placing.ts';
import { browserValue, outcomeOf } from './results.ts';

const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export interface DirectCall extends Outcome {
  /** Undefined where the browser kept the answer from the page. */
  readonly answer: RawAnswer | undefined;
}

export class DirectClient {
  readonly #page: Page;
  readonly #connection: Connection;
  readonly #person: Person;
  #document: JsonRecord | undefined;
  /** The answer to the probe that follows the document; undefined where the browser kept it. */
  probe: RawAnswer | undefined;
  /** The answer with the document. */
  fetched: RawAnswer | undefined;

  constructor(page: Page, connection: Connection, person: Person) {
    this.#page = page;
    this.#connection = connection;
    this.#person = person;
  }

  async load(): Promise<ConvertedTool[]> {
    const { url, path } = this.#connection;
    const address = path.includes('://') ? path : `${url}${path.startsWith('/') ? '' : '/'}${path}`;
    const json = { accept: 'application/json', 'content-type': 'application/json' };
    this.fetched = await this.#page.fetch(address, { headers: { ...json, ...this.#authorization } });
    const document: unknown = JSON.parse(this.fetched.body);
    if (this.fetched.status >= 400 || !isRecord(document) || !isRecord(document.paths)) {
      throw new Error('Invalid OpenAPI spec');
    }
    this.#document = document;
    this.probe = await this.#page.fetch(`${url.replace(/\/$/, '')}/api/config`).catch(hidden);
    return convertInBrowser(document);
  }

  async call(name: string, args: JsonRecord = {}): Promise<DirectCall> {
    const found = operationsOf(recordOf(this.#document)).find((one) => one.operation.operationId === name);
    if (found === undefined) throw new Error(`No matching route found for operationId: ${name}`);
    const { path, body } = placeArguments(found, args, String);
    const hasBody = BODY_METHODS.has(found.method) && found.operation.requestBody !== undefined;
    const headers = { 'content-type': 'application/json', 'x-session-id': 'session-1', ...this.#authorization };
    const request = { method: found.method, headers, ...(hasBody ? { body: JSON.stringify(body) } : {}) };
    const answer = await this.#page.fetch(this.#connection.url + path, request).catch(hidden);
    if (answer === undefined) return { ...outcomeOf({ error: 'Failed to fetch' }), answer };
    return { ...outcomeOf(browserValue(answer)), answer };
  }

  get #authorization(): { authorization?: string } {
    const { authType, key } = this.#connection;
    const token = authType === 'bearer' ? key : this.#person.token;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }
}

function hidden(error: unknown): undefined {
  if (!(error instanceof FailedToFetch)) throw error;
  return undefined;
}
