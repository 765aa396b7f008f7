/** What is wrong with an access token, or with the wish for one, in words. */
import { GatewayError } from '../errors.ts';
import { unauthorized } from './refusals.ts';

const LONGEST_NAME = 60;
const ANEW = 'Make a new one on the page of this gateway.';

/** The name as it is kept. Throws 400 `bad_request` where it has none, or more than 60 characters, or control characters. */
export function checkTokenName(text: string): string {
  const name = text.trim();
  if (name === '')
    throw new GatewayError('bad_request', 400, 'Give the token a name, so that you know it again later.');
  if ([...name].length > LONGEST_NAME || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) {
    throw new GatewayError(
      'bad_request',
      400,
      `Give the token a name of ${LONGEST_NAME} characters at most, on one line.`,
    );
  }
  return name;
}

/** Two of one name could not be told apart; and a page that is loaded again must not make a second one. */
export function nameTaken(name: string): GatewayError {
  const remedy = 'Choose another name; or, if you have lost that token, revoke it first.';
  return new GatewayError(
    'bad_request',
    409,
    `You have a token "${name}" already, which is shown only once. ${remedy}`,
  );
}

export function tooManyTokens(most: number): GatewayError {
  return new GatewayError(
    'bad_request',
    409,
    `You have ${most} tokens, which is the most. Revoke one, then make the new one.`,
  );
}

export function tokenUnknown(): GatewayError {
  return unauthorized(
    'invalid_credentials',
    `This access token does not count here: it is not complete, was revoked, or is of another gateway. ${ANEW}`,
  );
}

export function tokenExpired(): GatewayError {
  return unauthorized('token_expired', `This access token has expired. ${ANEW}`);
}

/** A changed password, an account that was removed, another secret. */
export function tokenOutlived(): GatewayError {
  return unauthorized(
    'invalid_credentials',
    `This access token has ended, because the account or the secret that its person signed in with has changed. ${ANEW}`,
  );
}

/** Not `invalid_credentials`: the token is good, and no guess. */
export function tokenElsewhere(): GatewayError {
  return unauthorized(
    'missing_credentials',
    'This server has a secret of its own and knows users of Open WebUI by that alone: their access tokens do not count here.',
  );
}
