/** The outline of the file: a mapping with `mcpServers`, each entry of it a mapping. */

import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { type ConfigNode, child, type MapNode } from './tree.ts';

/** The entries in the order of the file; what is wrong with the outline goes into the report. */
export function checkFileShape(root: ConfigNode, report: Report): ReadonlyMap<string, MapNode> {
  const entries = new Map<string, MapNode>();
  if (root.kind !== 'map') {
    report.problem([], `must be a mapping with the key mcpServers, not ${nameOf(root)}`);
    report.throwIfAny();
    return entries;
  }
  const servers = child(root, 'mcpServers');
  if (root.entries.has('servers') && root.entries.has('mcpServers')) {
    report.problem(['servers'], "a file has either 'servers' or 'mcpServers', not both", "move all into 'mcpServers'");
  } else if (root.entries.has('servers')) {
    reportServersFile(root, report);
  }
  if (servers === undefined || isEmpty(servers)) {
    if (!root.entries.has('servers')) reportMissing(root, report);
  } else if (servers.kind !== 'map') {
    report.problem(['mcpServers'], `must be a mapping from names to servers, not ${nameOf(servers)}`);
  } else {
    for (const [name, { value }] of servers.entries) {
      if (value.kind === 'map') entries.set(name, value);
      else report.problem(['mcpServers', name], `Server '${name}' must be a mapping, not ${nameOf(value)}`);
    }
  }
  return entries;
}

function reportMissing(root: MapNode, report: Report): void {
  const message = "No 'mcpServers' found in config file.";
  const guess = [...root.entries.keys()].find((key) => nearest(key, ['mcpServers']) !== undefined);
  if (root.entries.has('mcpServers')) report.problem(['mcpServers'], message, 'it is empty; add a server');
  else if (guess === undefined) report.problem([], message, 'add it, with at least one server');
  else report.problem([guess], message, `'${guess}' should be 'mcpServers'`);
}

/** Shows the first entry in the form that is read, without its arguments, which may be secrets. */
function reportServersFile(root: MapNode, report: Report): void {
  const servers = child(root, 'servers');
  const first = servers?.kind === 'map' ? [...servers.entries][0] : undefined;
  const [name, entry] = first ?? ['time', undefined];
  const command = entry === undefined ? undefined : child(entry.value, 'command');
  const program = JSON.stringify(command?.kind === 'scalar' ? String(command.value) : 'uvx');
  report.problem(
    ['servers'],
    "this version reads files with 'mcpServers', not with 'servers'",
    `write {"mcpServers": {${JSON.stringify(name)}: {"command": ${program}, "args": [...]}}}; ` +
      'hostname and port are --host and --port',
  );
}

function isEmpty(node: ConfigNode): boolean {
  return (node.kind === 'scalar' && node.value === null) || (node.kind === 'map' && node.entries.size === 0);
}

function nameOf(node: ConfigNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  return node.value === null ? 'nothing' : `a ${typeof node.value}`;
}
