/** What may be the id of a user, and what may be shown as their name, wherever it comes from. */

/**
 * Neither whitespace nor what nobody sees: control and format characters, halves of surrogate pairs, private ones, and
 * letters and signs that are drawn as nothing, such as the Hangul fillers and the empty Braille pattern.
 */
const ID_FORM = /^[^\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]{1,256}$/u;
const NOT_SHOWN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
const LONGEST_LABEL = 80;

/** True for the id of a user: 1 to 256 visible characters. Open WebUI's are UUIDs. */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && ID_FORM.test(value);
}

/**
 * Whom pages and logs name: the address first, since anybody may call themselves what they like. Cut, and without what
 * nobody sees; undefined where neither says anything.
 */
export function labelOf(name: unknown, email: unknown): string | undefined {
  const [called, address] = [shown(name), shown(email)];
  if (address === '') return called === '' ? undefined : called;
  return called === '' || called === address ? address : `${address} (${called})`;
}

function shown(name: unknown): string {
  if (typeof name !== 'string') return '';
  const text = name
    .slice(0, 10 * LONGEST_LABEL)
    .replace(NOT_SHOWN, ' ')
    .trim();
  const characters = [...text];
  return characters.length <= LONGEST_LABEL ? text : `${characters.slice(0, LONGEST_LABEL - 1).join('')}…`;
}
