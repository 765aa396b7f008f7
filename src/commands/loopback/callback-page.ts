/** The page at the end of a login on a port of its own: complete in itself, because that port closes. */
import { createHash } from 'node:crypto';

export interface CallbackPage {
  readonly title: string;
  /** Paragraphs. */
  readonly texts: readonly string[];
  /** Where the gateway is. */
  readonly home: string;
}

const STYLE =
  ':root{color-scheme:light dark}body{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but that style; no frame, no form, no script. */
export const CALLBACK_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
};

export function callbackPage({ title, texts, home }: CallbackPage): string {
  const paragraphs = texts.map((text) => `<p>${escaped(text)}</p>`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head><body><main><h1>${escaped(title)}</h1>${paragraphs}<p><a href="${escaped(home)}">To the servers</a></p></main></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
