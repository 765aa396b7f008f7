/** Finds what a `$ref` means inside one schema document: JSON pointers, anchors and embedded ids, never the network. */
import { isContainer, isRecord, type JsonRecord, own } from './json-schema.ts';

/** Gives the schema that a reference stands for, or undefined when this document does not hold it. */
export type Resolver = (ref: string) => unknown;

/** More nodes than this are not searched for anchors. */
const MOST_NODES = 20_000;

/**
 * A resolver for the references of one schema.
 * In: the whole schema. Out: a function that never throws and never leaves the document.
 */
export function createResolver(root: unknown): Resolver {
  const rootId = isRecord(root) && typeof root.$id === 'string' ? root.$id.replace(/#$/, '') : undefined;
  let names: ReadonlyMap<string, unknown> | undefined;
  const known = new Map<string, unknown>();
  const find: Resolver = (ref) => {
    const local = rootId !== undefined && rootId !== '' && ref.startsWith(rootId) ? ref.slice(rootId.length) : ref;
    if (local === '' || local === '#') return root;
    if (local.startsWith('#/')) return followPointer(root, local.slice(2));
    names ??= collectNames(root);
    return names.get(local);
  };
  return (ref) => {
    // A long pointer may be followed from many nodes.
    if (!known.has(ref)) known.set(ref, find(ref));
    return known.get(ref);
  };
}

function followPointer(root: unknown, pointer: string): unknown {
  let at = root;
  for (const part of pointer.split('/')) {
    const key = decodePart(part);
    if (Array.isArray(at)) at = /^\d{1,9}$/.test(key) ? at[Number(key)] : undefined;
    else if (isRecord(at)) at = own(at, key);
    else return undefined;
  }
  return at;
}

function decodePart(part: string): string {
  const plain = part.replaceAll('~1', '/').replaceAll('~0', '~');
  if (!plain.includes('%')) return plain;
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

/** `#anchor` and `$id` of every node; the first of a name wins. */
function collectNames(root: unknown): ReadonlyMap<string, unknown> {
  const names = new Map<string, unknown>();
  const queue: unknown[] = [root];
  for (let at = 0; at < queue.length && at < MOST_NODES; at += 1) {
    const node = queue[at];
    if (isRecord(node)) nameNode(node, names);
    if (isContainer(node) && queue.length < MOST_NODES) queue.push(...childrenOf(node));
  }
  return names;
}

function childrenOf(node: object): unknown[] {
  // Cut before spreading: a spread of a million members overflows the stack.
  return Object.values(node).slice(0, MOST_NODES);
}

function nameNode(node: JsonRecord, names: Map<string, unknown>): void {
  for (const [keyword, prefix] of [
    ['$anchor', '#'],
    ['$dynamicAnchor', '#'],
    ['$id', ''],
  ] as const) {
    const name = own(node, keyword);
    if (typeof name === 'string' && !names.has(prefix + name)) names.set(prefix + name, node);
  }
}
