/** What a person does in a chat of Open WebUI, and how it is written down. */
import assert from 'node:assert/strict';
import { pause } from '../../test/helpers/wait.ts';
import type { Chatter, Driver, Json, Read } from './driver.ts';
import { openLink } from './person.ts';
import type { Chapter, Expected } from './report.ts';

/** The id of the connection in every chapter. */
export const SERVER = 'latchkey';
export const CONNECT = 'connect_notes';
/** What alice may call; bob has no `count_words`. */
export const NOTES_OF_ALICE = ['whoami', 'add_note', 'list_notes', 'delete_all', 'count_words'].map(
  (name) => `notes_${name}`,
);
/** Of the server that everybody shares. */
export const SUMS = ['sums_add', 'sums_picture'];
export const BROWSER = 'a browser';
const MOST_FETCHES = 50;
const FETCH_AGAIN_MS = 200;
export const CALL = '`execute_tool_call`, `process_tool_result`';

/** One person's chat with a model, by some part of Open WebUI. */
export interface Conversation {
  readonly user: string;
  /** What the table calls that part. */
  readonly by: string;
  call(tool: string, args: Json): Promise<Read>;
}

export class Chat {
  readonly #chapter: Chapter;
  readonly #conversation: Conversation;

  constructor(chapter: Chapter, conversation: Conversation) {
    this.#chapter = chapter;
    this.#conversation = conversation;
  }

  /** The model calls a tool; the row tells what the model reads. */
  async call(tool: string, expected: Expected, args: Json = {}, remark = ''): Promise<Read> {
    const { user, by } = this.#conversation;
    const read = await this.#conversation.call(tool, args);
    const pictures = read.images.length === 0 ? '' : ` (with ${read.images.length} image)`;
    const failed = read.failed ? ' (shown as failed)' : '';
    this.#chapter.row([`${user}: \`${tool}\`${remark}`, by], `${read.text}${pictures}${failed}`, expected);
    return read;
  }

  /** From no account to a connected one: the link, the browser, where they sign in as `account`, and the code. */
  async connect(account: 'alice' | 'bob'): Promise<void> {
    const link = linkIn(await this.call(CONNECT, HAS_LINK));
    const code = await follow(this.#chapter, link, `${this.#conversation.user} opens the link`, account);
    await this.call(CONNECT, CONNECTED, { code }, ' with the code');
  }
}

/** Somebody opens the link and signs in as `account`; the code that the page shows. */
export async function follow(chapter: Chapter, link: string, who: string, account: 'alice' | 'bob'): Promise<string> {
  const { title, code = 'no code' } = await openLink(link, account);
  chapter.row([`${who} and signs in as ${account}`, BROWSER], `${title}: ${code}`, /: XXXXX-XXXXX$/);
  return code;
}

/** The link that a model has been told. */
export function linkIn({ text }: Pick<Read, 'text'>): string {
  const link = /http:\/\/localhost:\d+\/oauth\/[\w/-]+(?:\?[\w=&-]+)?/.exec(text)?.[0];
  assert.ok(link !== undefined, `no link in: ${text}`);
  return link;
}

/** By the functions that a chat goes through, from the tools of the message to what the model reads. */
export function conversation(driver: Driver, chatter: Chatter): Conversation {
  return { user: chatter.user, by: CALL, call: (tool, args) => driver.call(SERVER, chatter, tool, args) };
}

/** The names that the model is offered, once they are these: a new account's tools are listed while its chat goes on. */
export async function offered(
  driver: Driver,
  chapter: Chapter,
  chatter: Chatter,
  expected: readonly string[],
): Promise<void> {
  const names = async (): Promise<string> => (await driver.tools(SERVER, chatter)).map(({ name }) => name).join(', ');
  const wanted = expected.join(', ');
  let found = await names();
  for (let tries = 0; found !== wanted && tries < MOST_FETCHES; tries += 1) {
    await pause(FETCH_AGAIN_MS);
    found = await names();
  }
  chapter.row([`${chatter.user}: the tools`, '`get_tools`'], found, wanted);
}

/** What the chat shows as a failed call. */
export function failedWith(text: string): RegExp {
  return new RegExp(`HTTP error ${text}.* \\(shown as failed\\)$`);
}

const LINK = 'http://latchkey/oauth/notes/authorize\\?ticket=…';
export const HAS_LINK = new RegExp(`${LINK}(?!.*shown as failed)`);
const CONNECTED = /^Connected .* Go on\.$/;
/** What a call without an account comes to. */
export const REFUSED = failedWith(`401: .*authorization_required.*${LINK}`);
