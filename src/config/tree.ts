/** A parsed file as plain nodes that know their lines, the same for JSON and YAML. */

export type Path = readonly (string | number)[];

export interface MapNode {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  /** Where the key stands. */
  readonly line: number;
  readonly value: ConfigNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly ConfigNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly line: number;
  readonly value: string | number | boolean | null;
  /** As written: `1.10` stays `1.10` where a string is wanted. */
  readonly text: string;
}

export type ConfigNode = MapNode | ListNode | ScalarNode;

/** Deeper files are mistakes or attacks; every walk of ours is recursive. */
export const MAX_DEPTH = 64;

/** The line of the key or item at `path`, or of the nearest ancestor that exists. */
export function lineAt(root: ConfigNode | undefined, path: Path): number | undefined {
  let node = root;
  let line = root?.line;
  for (const step of path) {
    if (node?.kind === 'map') {
      const entry: MapEntry | undefined = node.entries.get(String(step));
      if (entry === undefined) break;
      line = entry.line;
      node = entry.value;
    } else if (node?.kind === 'list') {
      const item: ConfigNode | undefined = node.items[Number(step)];
      if (item === undefined) break;
      line = item.line;
      node = item;
    } else break;
  }
  return line;
}

/** The value under a key of a mapping. */
export function child(node: ConfigNode, key: string): ConfigNode | undefined {
  return node.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** Ordinary JavaScript data; `__proto__` becomes a key like any other. */
export function toPlain(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
}

/** A copy in which every scalar is what `change` makes of it. */
export function mapScalars(
  node: ConfigNode,
  change: (scalar: ScalarNode, path: Path) => ScalarNode,
  path: Path = [],
): ConfigNode {
  if (node.kind === 'scalar') return change(node, path);
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item, index) => mapScalars(item, change, [...path, index])) };
  }
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { ...entry, value: mapScalars(entry.value, change, [...path, key]) }] as const,
  );
  return { ...node, entries: new Map(entries) };
}

/** Numbers and booleans at these places (`*` is any step) become strings, spelled as in the file. */
export function stringifyAt(node: ConfigNode, places: readonly Path[]): ConfigNode {
  const fits = (place: Path, path: Path) =>
    place.length === path.length && place.every((step, index) => step === '*' || step === path[index]);
  return mapScalars(node, (scalar, path) =>
    scalar.value !== null && places.some((place) => fits(place, path))
      ? { ...scalar, value: scalarText(scalar) }
      : scalar,
  );
}

function scalarText(scalar: ScalarNode): string {
  return typeof scalar.value === 'string' ? scalar.value : scalar.text;
}

/** A mapping without the keys that are written but empty, which mean the same as absent ones. */
export function withoutNulls(node: MapNode): MapNode {
  const filled = [...node.entries].filter(([, { value }]) => !(value.kind === 'scalar' && value.value === null));
  return { ...node, entries: new Map(filled) };
}

/** The same for all mappings inside it. */
export function withoutNullsInside(node: MapNode): MapNode {
  const entries = [...withoutNulls(node).entries].map(
    ([key, entry]) =>
      [key, entry.value.kind === 'map' ? { ...entry, value: withoutNullsInside(entry.value) } : entry] as const,
  );
  return { ...node, entries: new Map(entries) };
}

/** `mcpServers.time.args[0]`; names that are not plain words are quoted. */
export function dotted(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w$-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
