/** JSON data as YAML that readers of YAML 1.2 and of YAML 1.1, such as Python's, take for the same data. */
import { Document, Scalar, type ScalarTag, visit } from 'yaml';

/**
 * Readers of 1.1 take these for line breaks, or refuse them (YAML 1.1 4.1.1, 4.2). In double quotes all of them can be
 * written as escapes.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** As JSON has it, but to readers of 1.1 a number with an exponent has a point, or else is a string. */
const NUMBER: ScalarTag = {
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /(?!)/,
  identify: (value) => typeof value === 'number',
  resolve: Number,
  stringify: ({ value }) => JSON.stringify(value).replace(/^(-?\d+)e/, '$1.0e'),
};

/** The YAML of data that JSON can hold, with a newline at its end and without anchors. */
export function stringifyYaml(data: unknown): string {
  const document = new Document(data, {
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
    customTags: (tags) => [NUMBER, ...tags],
  });
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && needsQuotes(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString().replace(UNSAFE, escapeOf);
}

/** Of a lone `=` readers of 1.1 make something else than a string; Python's refuses a tab where there are no quotes. */
function needsQuotes(text: string): boolean {
  return text === '=' || text.includes('\t') || text.search(UNSAFE) !== -1;
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
