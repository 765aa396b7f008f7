/** A user of Open WebUI, as latchkey meets them: tool calls in their name, and their browser for the links in the chat. */
import assert from 'node:assert/strict';
import { Browser, signIn } from '../helpers/authorization-server.ts';

/** As the page shows it. */
export const CODE = /\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class ChatUser {
  readonly #home: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #browser = new Browser();

  /** `headers`: what Open WebUI sends with the calls of this user. */
  constructor(home: string, headers: Readonly<Record<string, string>>) {
    this.#home = home;
    this.#headers = headers;
  }

  async call(path: string, body: unknown = {}): Promise<Answer> {
    const response = await fetch(this.#home + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Opens the link of a chat, agrees, and signs in at the provider; what the pages said. */
  async follow(link: string, account: 'alice' | 'bob'): Promise<{ readonly asked: string; readonly ended: string }> {
    const asked = await (await this.#browser.fetch(link)).text();
    const go = /href="([^"]*[?&;]go=[^"]*)"/.exec(asked)?.[1]?.replaceAll('&amp;', '&');
    assert.ok(go !== undefined, asked);
    const begun = await this.#browser.fetch(new URL(go, link), { headers: { referer: link } });
    const callback = await signIn(begun.headers.get('location') ?? '', { user: account });
    const sent = await this.#browser.fetch(callback);
    const ended = await this.#browser.fetch(new URL(sent.headers.get('location') ?? '', callback));
    return { asked: wordsOf(asked), ended: wordsOf(await ended.text()) };
  }
}

/** The text of a page, on one line. */
function wordsOf(page: string): string {
  return page
    .replace(/<(script|style|title)\b.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ')
    .trim();
}

/** What stands in a text for each ticket, as the guide writes it. */
export function withoutTickets<T>(answer: T): T {
  return JSON.parse(JSON.stringify(answer).replace(/ticket=[\w-]{43}/g, 'ticket=...')) as T;
}
