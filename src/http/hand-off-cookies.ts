/** The cookies that bind the pages of a login begun in a chat to one browser: their names, values, and what links and forms repeat of them. */
import { digest, matchesDigest } from '../identity/compare.ts';

/** What the page with the code shows again when it is reloaded. */
export interface KeptCode {
  readonly code: string;
  /** For whom the login is. */
  readonly label: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long a page may stand open before the person goes on. */
export const ASK_SECONDS = 600;
/** Names of logins, as they stand in addresses and in names of cookies. */
const ID = /^[\w-]{1,64}$/;
const KEPT = /^([A-Z\d-]{1,64})\.(\d{1,16})\.([\w-]{0,1000})$/;
const LONGEST_LABEL = 100;

export function isLoginId(text: string | null): text is string {
  return text !== null && ID.test(text);
}

/** Of the page that asks; its name tells nothing of the ticket. */
export function askCookie(ticket: string): string {
  return `latchkey_ask_${digest(ticket).subarray(0, 9).toString('base64url')}`;
}

/** Of the page with the code of the login `id`. */
export function codeCookie(id: string): string {
  return `latchkey_code_${id}`;
}

/** Marks a login that was begun through a link, by the name of its flow. */
export function linkCookie(flowId: string): string {
  return `latchkey_link_${flowId}`;
}

/** `go` holds what the page said of the person: where that has changed, it asks anew. */
export type Purpose = 'drop' | `go ${string}`;

/** What a link or form of a page repeats of the page's cookie; `purpose` keeps one from being used as another. */
export function repeated(cookie: string, purpose: Purpose): string {
  return digest(`${purpose}\0${cookie}`).toString('base64url');
}

/** True where `text` repeats the cookie; takes the same time whatever they hold. */
export function repeats(text: string | null, cookie: string | undefined, purpose: Purpose): boolean {
  if (text === null || cookie === undefined || cookie === '') return false;
  return matchesDigest(text, digest(repeated(cookie, purpose)));
}

export function keptCode({ code, label, expiresAt }: KeptCode): string {
  return `${code}.${expiresAt}.${writtenLabel(label)}`;
}

/** What the page says again when it is reloaded after a login without a code; `label`: for whom it was. */
export function doneFor(label: string): string {
  return `done.${writtenLabel(label)}`;
}

/** The label; undefined where no login of this browser was done. */
export function readDone(text: string | undefined): string | undefined {
  const label = /^done\.([\w-]{0,1000})$/.exec(text ?? '')?.[1];
  return label === undefined ? undefined : Buffer.from(label, 'base64url').toString();
}

function writtenLabel(label: string): string {
  return Buffer.from(Array.from(label).slice(0, LONGEST_LABEL).join('')).toString('base64url');
}

/** Undefined where it is none, or over at `now`. */
export function readKeptCode(text: string | undefined, now: number): KeptCode | undefined {
  const [, code, end, label] = KEPT.exec(text ?? '') ?? [];
  if (code === undefined || label === undefined || Number(end) <= now) return undefined;
  return { code, label: Buffer.from(label, 'base64url').toString(), expiresAt: Number(end) };
}
