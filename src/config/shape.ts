/** The outline of the file: a mapping with `mcpServers` or `servers`, each entry of it a mapping. */

import type { FileShape } from './model.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { type ConfigNode, child, type MapNode, type Path } from './tree.ts';

/** What only a file with `servers` has at its top, even when that key is missing. */
const KEYS_OF_SERVERS_FILES = ['port', 'hostname', 'debug'];

/** In the words of acehoss/mcp-gateway, as in `PORT_MISSING`. */
const SERVERS_MISSING = 'At least one server must be configured';
export const PORT_MISSING = 'Port must be specified in config';

/** What a file is; `likely`: where it does not tell. One with both keys, which is wrong, counts as mcpo's. */
export function shapeOf(root: ConfigNode, likely: FileShape): FileShape {
  if (root.kind !== 'map') return likely;
  // A key that is written but empty counts as absent where the other one is there.
  const named = (['mcpServers', 'servers'] as const).filter((key) => root.entries.has(key));
  const [first] = [...named.filter((key) => !isNothing(child(root, key))), ...named];
  if (first !== undefined) return first;
  if (slipOf(root, 'mcpServers') !== undefined) return 'mcpServers';
  return KEYS_OF_SERVERS_FILES.some((key) => root.entries.has(key)) ? 'servers' : likely;
}

/** The same for a text that cannot be parsed. */
export function shapeOfText(text: string, likely: FileShape): FileShape {
  if (/mcpServers/.test(text)) return 'mcpServers';
  return /^[\s{]*["']?servers["']?\s*:/m.test(text) ? 'servers' : likely;
}

/** The entries in the order of the file; what is wrong with the outline goes into the report. */
export function checkFileShape(root: ConfigNode, shape: FileShape, report: Report): ReadonlyMap<string, MapNode> {
  const entries = new Map<string, MapNode>();
  if (root.kind !== 'map') {
    report.problem([], `must be a mapping with the key ${shape}, not ${nameOf(root)}`);
    report.throwIfAny();
    return entries;
  }
  if (!isNothing(child(root, 'servers')) && !isNothing(child(root, 'mcpServers'))) {
    report.problem(['servers'], "a file has either 'servers' or 'mcpServers', not both", 'move all into one of them');
  }
  const servers = child(root, shape);
  if (servers === undefined || isEmpty(servers)) {
    reportMissing(root, shape, report);
  } else if (servers.kind !== 'map') {
    report.problem([shape], `must be a mapping from names to servers, not ${nameOf(servers)}`);
  } else {
    for (const [name, { value }] of servers.entries) {
      if (value.kind === 'map') entries.set(name, value);
      else report.problem([shape, name], `Server '${name}' must be a mapping, not ${nameOf(value)}`);
    }
  }
  return entries;
}

/** A file with `servers` says where to listen: its users know no other place. */
export function checkPortThere(root: ConfigNode, report: Report): void {
  // What is no mapping at all has another fault.
  if (root.kind !== 'map') return;
  const port = child(root, 'port');
  if (port === undefined || isEmpty(port))
    report.problemInOriginalWords(['port'], PORT_MISSING, 'as port: 3000, or start with --port');
}

function reportMissing(root: MapNode, shape: FileShape, report: Report): void {
  // With both keys there the line above says what to do.
  if (shape === 'mcpServers' && root.entries.has('servers')) return;
  const tell = (path: Path, remedy: string) => {
    if (shape === 'servers') report.problemInOriginalWords(path, SERVERS_MISSING, remedy);
    else report.problem(path, "No 'mcpServers' found in config file.", remedy);
  };
  const slip = slipOf(root, shape);
  if (root.entries.has(shape)) tell([shape], 'it is empty; add a server');
  else if (slip !== undefined) tell([slip], `'${slip}' should be '${shape}'`);
  else tell([], shape === 'servers' ? "below the key 'servers'" : 'add it, with at least one server');
}

function slipOf(root: MapNode, shape: FileShape): string | undefined {
  return [...root.entries.keys()].find((key) => nearest(key, [shape]) !== undefined);
}

function isNothing(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

function isEmpty(node: ConfigNode): boolean {
  return isNothing(node) || (node.kind === 'map' && node.entries.size === 0);
}

function nameOf(node: ConfigNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  return node.value === null ? 'nothing' : `a ${typeof node.value}`;
}
