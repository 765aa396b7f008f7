/** JSON with comments and trailing commas to nodes. */

import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Problem } from './model.ts';
import type { Parsed } from './parse.ts';
import { type ConfigNode, dotted, MAX_DEPTH, type MapEntry, type Path } from './tree.ts';

const WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is not a JSON value (strings need double quotes)',
  InvalidNumberFormat: 'this is not a number',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'there is text after the end',
  UnexpectedEndOfComment: 'a comment is not closed',
  UnexpectedEndOfString: 'a string is not closed',
  InvalidEscapeCharacter: 'this is not a valid escape (a backslash is written \\\\)',
  InvalidCharacter: 'a control character stands in a string',
};

export function parseJson(text: string, file: string): Parsed {
  const lineOf = lineFinder(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  // Nothing but comments: an empty file, not a wrong one.
  if (root === undefined && errors.every(({ error }) => printParseErrorCode(error) === 'ValueExpected')) {
    return { root: undefined, problems: [] };
  }
  // Only the first: the others mostly follow from it.
  const first = errors[0];
  if (first !== undefined || root === undefined) {
    const words = (first && WORDS[printParseErrorCode(first.error)]) ?? 'this cannot be read';
    const line = lineOf(first?.offset ?? 0);
    return { root: undefined, problems: [{ file, path: '', line, message: `is not valid JSON: ${words}` }] };
  }
  const problems: Problem[] = [];
  const duplicate = (path: Path, line: number) =>
    problems.push({ file, path: dotted(path), line, message: 'this key stands here twice', remedy: 'remove one' });
  return { root: convert(root, [], { text, lineOf, duplicate }), problems };
}

interface Context {
  readonly text: string;
  readonly lineOf: (offset: number) => number;
  readonly duplicate: (path: Path, line: number) => void;
}

function convert(node: Node, path: Path, context: Context): ConfigNode {
  if (path.length > MAX_DEPTH) throw new RangeError('too deep');
  const line = context.lineOf(node.offset);
  if (node.type === 'object') return { kind: 'map', line, entries: convertEntries(node, path, context) };
  if (node.type === 'array') {
    const items = (node.children ?? []).map((item, index) => convert(item, [...path, index], context));
    return { kind: 'list', line, items };
  }
  const value: unknown = node.value;
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', line, value: scalar, text: context.text.slice(node.offset, node.offset + node.length) };
}

function convertEntries(node: Node, path: Path, context: Context): Map<string, MapEntry> {
  const entries = new Map<string, MapEntry>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) continue;
    const key = String(keyNode.value);
    const line = context.lineOf(keyNode.offset);
    if (entries.has(key)) context.duplicate([...path, key], line);
    else entries.set(key, { line, value: convert(valueNode, [...path, key], context) });
  }
  return entries;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
