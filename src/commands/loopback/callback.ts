/** What comes back from the authorization server, and whether it is the answer to the login under way. */
import { GatewayError, messageOf } from '../../errors.ts';
import { LoginError } from '../../oauth/errors.ts';

/** `foreign`: no answer to this login, which goes on. After the two others it is over. */
export type Outcome =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly title: string; readonly message: string; readonly remedy: string };

/** Ends the login with the query of a callback. Never rejects. */
export type Finish = (query: URLSearchParams) => Promise<Outcome>;

/** True where a query has what an answer has (RFC 6749 4.1.2): a state, and a code or an error. */
export function isAnswer(query: URLSearchParams): boolean {
  return query.has('state') && (query.has('code') || query.has('error'));
}

/** The query of a pasted callback address; undefined: the line is none. */
export function pastedAnswer(line: string): URLSearchParams | undefined {
  const text = line.trim();
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { searchParams } = new URL(text);
  return isAnswer(searchParams) ? searchParams : undefined;
}

/** What a person is told of a login that failed: our own words, never those of the authorization server. */
export function failed(error: unknown): Extract<Outcome, { kind: 'failed' }> {
  if (error instanceof LoginError) {
    return { kind: 'failed', title: error.title, message: error.message, remedy: error.remedy };
  }
  const message = error instanceof GatewayError ? messageOf(error) : 'Something went wrong in the gateway.';
  return { kind: 'failed', title: 'The login could not be completed', message, remedy: 'Connect again.' };
}
