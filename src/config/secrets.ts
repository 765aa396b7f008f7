/** Secrets that others could guess: what is refused, what is pointed out. No message ever holds a secret. */

import type { Checked } from './values.ts';

/** With fewer characters a secret is found by trying, from one signed token and without asking anybody. */
const FEWEST_CHARACTERS = 16;
/** The size of the hash (RFC 7518 3.2). */
const ENOUGH_BYTES = 32;
const FEWEST_DIFFERENT = 5;

/** What the secrets of examples and of hurried people are made of, without separators. */
const EXAMPLE_WORDS: readonly string[] = [
  'your|my|our|the|an|a|this|is|to|for|of|in|it|be|do|not|use|me',
  'open|web|ui|latchkey|mcpo|mcp|jwt|user|hs256|api|app|session|document',
  'secret|s3cr3t|s3cret|secr3t|secure|key|token|password|passw0rd|passphrase|phrase|string|value|text',
  'here|change|replace|with|please|insert|put|set|some|something|any|very|super|top|t0p|strong|safe|private',
  'long|random|generated|generate|default|example|sample|placeholder|dummy|test|testing|dev|development|demo',
  'production|prod|local|xxx|xxxx|xxxxx|abcdefghijklmnopqrstuvwxyz|abcdef|abc|0123456789|1234567890|123456|1234|123',
  'characters|character|chars|char|bytes|byte|hex|at|least|more|than|or|and|16|32|64',
].flatMap((words) => words.split('|'));
const MOST_LAST_DIGITS = 4;
const PLACEHOLDER = /^(?:<.*>|\$?\{.*\}|\$\(.*\)|\[.*\]|%.*%)$/s;

/** A secret that signs tokens, byte for byte as its owner has it. */
export function checkSecret(text: string): Checked<string> {
  if (text === '') return { flaw: 'is empty', remedy: 'fill it in or leave it out' };
  if (text !== text.trim()) {
    const remedy = 'a file such as .webui_secret_key may end with one: printf %s "$(cat .webui_secret_key)"';
    return { flaw: 'begins or ends with a space or line break', remedy };
  }
  if (isExample(text)) return { flaw: 'is a published example or a placeholder', remedy: MAKE_ONE };
  if ([...text].length < FEWEST_CHARACTERS) return tooShort();
  if (new Set(text).size < FEWEST_DIFFERENT) {
    return { flaw: 'is one character over and over, or nearly so', remedy: MAKE_ONE };
  }
  return { value: text };
}

/** What is odd about a secret that `checkSecret` takes; undefined: nothing. */
export function secretOddity(secret: string): { readonly message: string; readonly remedy: string } | undefined {
  if (Buffer.byteLength(secret) >= ENOUGH_BYTES) return undefined;
  return {
    message: `is shorter than ${ENOUGH_BYTES} bytes`,
    remedy: 'one that Open WebUI made itself has 32 characters and is fine; openssl rand -hex 32 makes another',
  };
}

/** The key in the addresses of documents: it must stand in a query as it is. */
export function checkDocumentKey(text: string): Checked<string> {
  if (text !== '' && !/^[\w.~-]+$/.test(text)) {
    return { flaw: 'holds a character that changes in an address', remedy: 'use only letters, digits and . _ ~ -' };
  }
  if (text !== '' && text.length < FEWEST_CHARACTERS) return tooShort();
  return checkSecret(text);
}

function tooShort(): Checked<never> {
  return { flaw: `is shorter than ${FEWEST_CHARACTERS} characters and can be guessed`, remedy: MAKE_ONE };
}

const MAKE_ONE = 'openssl rand -hex 32 makes one';

function isExample(text: string): boolean {
  return PLACEHOLDER.test(text) || isMadeOfExamples(text.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** True for such words and a few digits. Word for word from the front, because a pattern may try every division. */
function isMadeOfExamples(text: string): boolean {
  const ends = new Set([0]);
  // A set goes on with what is added meanwhile.
  for (const end of ends) {
    if (end > 0 && text.length - end <= MOST_LAST_DIGITS && /^\d*$/.test(text.slice(end))) return true;
    for (const word of EXAMPLE_WORDS) if (text.startsWith(word, end)) ends.add(end + word.length);
  }
  return false;
}
