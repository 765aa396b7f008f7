/** Making and revoking access tokens by the forms of the page at `/`. */
import assert from 'node:assert/strict';
import type { Person } from './login-story.ts';
import type { RawAnswer } from './raw.ts';

const SHOWN = /<code data-copy="token">(lk_[\w-]{43})<\/code>/;

/** Sends the form for a new token. */
export async function wish(person: Person, name = 'laptop', days = '90'): Promise<RawAnswer> {
  return person.submit('/login/tokens', { _csrf: await person.formToken(), name, days });
}

/** A new token, as the page shows it. */
export async function makeToken(person: Person, name?: string, days?: string): Promise<string> {
  const answer = await wish(person, name, days);
  const token = tokenIn(answer);
  assert.ok(token, `${answer.status}: ${answer.body}`);
  return token;
}

/** The token that a page shows; undefined: it shows none. */
export function tokenIn({ body }: RawAnswer): string | undefined {
  return SHOWN.exec(body)?.[1];
}

/** The names of the tokens on the page at `/`, and the ids by which its forms revoke them. */
export async function listedTokens(person: Person): Promise<ReadonlyMap<string, string>> {
  const { body } = await person.go('/');
  const rows = body.matchAll(/<strong><bdi>([^<]*)<\/bdi>[\s\S]*?name="token" value="([^"]+)"/g);
  return new Map([...rows].map(([, name = '', id = '']) => [name, id]));
}

export async function revokeToken(person: Person, id: string): Promise<RawAnswer> {
  return person.submit('/login/tokens/revoke', { _csrf: await person.formToken(), token: id });
}

/** As a program shows it. */
export function bearerOf(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
