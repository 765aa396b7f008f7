/** What an authorization server says of an error, made fit to be shown: short, one line, without our secrets. */

/** An error of RFC 6749 4.1.2.1 or 5.2; `error` need not be one of the codes there. */
export interface ProviderError {
  readonly error: string;
  readonly description?: string;
}

const LONGEST = 200;
/** Control and format characters: line breaks, and those that turn or hide the text around them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu;
const REMOVED = '[removed]';

/** At most `longest` characters; each of `secrets` is removed, because some servers repeat what they were sent. */
export function providerText(text: string, secrets: readonly string[] = [], longest: number = LONGEST): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, REMOVED);
  clean = clean.replaceAll(UNPRINTABLE, ' ').trim();
  // By code points, so that no half of a surrogate pair is left.
  const points = Array.from(clean.slice(0, 2 * longest + 2));
  return points.length > longest ? `${points.slice(0, longest - 1).join('')}…` : clean;
}

/** Undefined where there is no error in it. */
export function providerError(
  error: unknown,
  description: unknown,
  secrets: readonly string[] = [],
): ProviderError | undefined {
  if (typeof error !== 'string' || error === '') return undefined;
  const told = typeof description === 'string' ? providerText(description, secrets) : '';
  return { error: providerText(error, secrets), ...(told === '' ? {} : { description: told }) };
}
