/** Python's `str.title()`, which gives mcpo's summaries and titles their capitals. */

/** A run of letters that have a case; anything else starts a new word. */
const WORD = /\p{Cased}+/gu;

/** Letters of two, whose title form has only the first of them large. */
const DIGRAPHS: Readonly<Record<string, string>> = {
  Ǆ: 'ǅ',
  ǆ: 'ǅ',
  Ǉ: 'ǈ',
  ǉ: 'ǈ',
  Ǌ: 'ǋ',
  ǌ: 'ǋ',
  Ǳ: 'ǲ',
  ǳ: 'ǲ',
};

/** `get-HTTP_url 2x` as Python titles it: `Get-Http Url 2X`. Underscores become spaces. */
export function pythonTitle(name: string): string {
  return name.replaceAll('_', ' ').replace(WORD, titleWord);
}

function titleWord(word: string): string {
  const [first = ''] = word;
  // The whole word is made small at once: a Greek sigma looks different at the end of a word.
  const small = word.toLowerCase().slice(first.toLowerCase().length);
  return large(first) + small;
}

function large(letter: string): string {
  const known = DIGRAPHS[letter];
  if (known !== undefined) return known;
  // Georgian letters have large forms for whole words only.
  if (/[\u10d0-\u10ff]/.test(letter)) return letter;
  const [first = '', ...rest] = letter.toUpperCase();
  return first + rest.join('').toLowerCase();
}
