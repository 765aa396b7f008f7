/** `fetch` as a page of another origin has it (Fetch standard, CORS protocol): preflights, and answers that it may not read. */
import { type RawAnswer, raw } from '../http/raw.ts';

/** What every browser lets a page send without asking. */
const SIMPLE_METHODS = new Set(['GET', 'HEAD', 'POST']);
const SIMPLE_HEADERS = new Set(['accept', 'accept-language', 'content-language']);

export interface PageRequest {
  readonly method?: string;
  /** Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What `fetch` throws when the browser keeps an answer from the page, whatever the reason. */
export class FailedToFetch extends TypeError {
  readonly reason: string;

  constructor(reason: string) {
    super('Failed to fetch');
    this.reason = reason;
  }
}

/** A page, which is all that a browser lets one see: in no credentials mode, as Open WebUI's. */
export class Page {
  readonly origin: string;
  /** Preflights that were sent, each as method and address. */
  readonly preflights: string[] = [];
  /** All answers that came, preflights' and those kept from the page included. */
  readonly answers: RawAnswer[] = [];

  constructor(origin: string) {
    this.origin = origin;
  }

  async fetch(address: string, { method = 'GET', headers = {}, body }: PageRequest = {}): Promise<RawAnswer> {
    const unsafe = Object.keys(headers).filter((name) => !SIMPLE_HEADERS.has(name));
    if (!SIMPLE_METHODS.has(method) || unsafe.length > 0) await this.#ask(address, method, unsafe.sort());
    const own = { accept: '*/*', ...headers, ...this.#signs };
    // A browser sends the length of a POST also where it has no body.
    const length = body === undefined && method === 'POST' ? { 'content-length': '0' } : {};
    const answer = await this.#send(address, method, { ...own, ...length }, body);
    this.#checkOrigin(answer);
    return answer;
  }

  async #ask(address: string, method: string, names: readonly string[]): Promise<void> {
    this.preflights.push(`${method} ${address}`);
    const answer = await this.#send(address, 'OPTIONS', {
      accept: '*/*',
      'access-control-request-method': method,
      ...(names.length === 0 ? {} : { 'access-control-request-headers': names.join(',') }),
      ...this.#signs,
    });
    this.#checkOrigin(answer);
    if (answer.status < 200 || answer.status > 299) throw new FailedToFetch(`the preflight has ${answer.status}`);
    const allowed = listed(answer.headers['access-control-allow-headers']);
    // The star never stands for `Authorization`.
    const missing = names.filter(
      (name) => !allowed.includes(name) && (name === 'authorization' || !allowed.includes('*')),
    );
    if (missing.length > 0) throw new FailedToFetch(`headers not allowed: ${missing.join(', ')}`);
    const methods = listed(answer.headers['access-control-allow-methods']);
    if (SIMPLE_METHODS.has(method) || methods.includes(method.toLowerCase())) return;
    throw new FailedToFetch(`method not allowed: ${method}`);
  }

  get #signs(): Record<string, string> {
    return { origin: this.origin, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' };
  }

  #checkOrigin({ headers, status }: RawAnswer): void {
    const allowed = headers['access-control-allow-origin'];
    if (allowed === '*' || allowed === this.origin) return;
    throw new FailedToFetch(`an answer ${status} for ${allowed ?? 'nobody else'}`);
  }

  async #send(address: string, method: string, headers: Record<string, string>, body?: string): Promise<RawAnswer> {
    const { origin, pathname, search } = new URL(address);
    const answer = await raw(origin, {
      method,
      path: pathname + search,
      headers: Object.entries(headers).flat(),
      ...(body === undefined ? {} : { body }),
    });
    this.answers.push(answer);
    return answer;
  }
}

function listed(header: string | string[] | undefined): string[] {
  return String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim());
}
