/** YAML 1.2 to nodes, with anchors, aliases and merge keys (`<<`), but never more than a set number of nodes. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from './model.ts';
import type { Parsed } from './parse.ts';
import { type ConfigNode, dotted, MAX_DEPTH, type MapEntry, type Path } from './tree.ts';

/** Nodes after aliases are expanded; ends "billion laughs" files. */
const MAX_NODES = 100_000;

export function parseYaml(text: string, file: string): Parsed {
  const lineCounter = new LineCounter();
  // Duplicate keys are looked for below, together with those of merge keys.
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  // Only the first: the others mostly follow from it.
  const first = document.errors[0] ?? document.warnings[0];
  if (first?.message.startsWith('Maximum call stack')) throw new RangeError('too deep');
  if (first !== undefined) {
    const { line } = lineCounter.linePos(first.pos[0]);
    const reason = first.code === 'MULTIPLE_DOCS' ? 'it holds more than one document' : first.message;
    const message = `is not valid YAML: ${reason}`;
    return { root: undefined, problems: [{ file, path: '', line, message }] };
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { root: undefined, problems: [] };
  }
  const builder = new Builder(file, lineCounter);
  const root = builder.build(document.contents, []);
  return { root, problems: builder.problems };
}

class Builder {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, ConfigNode>();
  /** How many nodes stand under one; an alias shares its target, so this is what expanding it would cost. */
  readonly #sizes = new WeakMap<ConfigNode, number>();
  #full = false;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  /** Undefined: not usable, and a problem says why. */
  build(node: unknown, path: Path): ConfigNode | undefined {
    if (path.length > MAX_DEPTH) throw new RangeError('too deep');
    if (isAlias(node)) return this.#resolve(node.source, path, this.#lineOf(node));
    const built = this.#convert(node, path);
    if (built === undefined || !this.#fits(built)) return undefined;
    // Known only once complete: an alias inside its own anchor finds nothing.
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) this.#anchors.set(node.anchor, built);
    return built;
  }

  #convert(node: unknown, path: Path): ConfigNode | undefined {
    const line = this.#lineOf(node);
    if (isMap(node)) return { kind: 'map', line, entries: this.#entries(node, path) };
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item, [...path, index]));
      return { kind: 'list', line, items: items.filter((item) => item !== undefined) };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    const text = isScalar(node) ? (node.source ?? String(value)) : '';
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
    return { kind: 'scalar', line, value: plain, text };
  }

  #entries(map: YAMLMap, path: Path): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged: ConfigNode[] = [];
    for (const pair of map.items) {
      const key = this.#keyOf(pair, path);
      if (key === undefined) continue;
      const line = this.#lineOf(pair.key);
      if (key !== '<<' && entries.has(key)) {
        this.#problem([...path, key], line, 'this key stands here twice', 'remove one');
        continue;
      }
      const value = this.build(pair.value, [...path, key]);
      if (value === undefined) continue;
      if (key === '<<') merged.push(...(value.kind === 'list' ? value.items : [value]));
      else entries.set(key, { line, value });
    }
    for (const source of merged) {
      if (source.kind !== 'map') this.#problem([...path, '<<'], source.line, 'a merge key needs a mapping');
      else for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    }
    return entries;
  }

  #keyOf(pair: Pair, path: Path): string | undefined {
    if (isScalar(pair.key)) return pair.key.source ?? String(pair.key.value);
    this.#problem(path, this.#lineOf(pair.key), 'a key must be plain text');
    return undefined;
  }

  #resolve(anchor: string, path: Path, line: number): ConfigNode | undefined {
    const target = this.#anchors.get(anchor);
    if (target === undefined && !this.#full)
      this.#problem(path, line, `the alias *${anchor} has no complete anchor before it`);
    return target;
  }

  #fits(node: ConfigNode): boolean {
    const children =
      node.kind === 'map' ? [...node.entries.values()].map((e) => e.value) : node.kind === 'list' ? node.items : [];
    const size = children.reduce((sum, item) => sum + (this.#sizes.get(item) ?? 1), 1);
    this.#sizes.set(node, size);
    if (size <= MAX_NODES) return true;
    if (!this.#full) this.#problem([], node.line, `holds more than ${MAX_NODES} values once aliases are expanded`);
    this.#full = true;
    return false;
  }

  #problem(path: Path, line: number, message: string, remedy?: string): void {
    this.problems.push({ file: this.#file, path: dotted(path), line, message, ...(remedy ? { remedy } : {}) });
  }

  #lineOf(node: unknown): number {
    const ranged = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : undefined;
    return this.#lines.linePos(ranged?.[0] ?? 0).line;
  }
}
