/** The immutable tool list of a server: filtered, addressed by path, with argument checkers compiled on first use. */
import { hash } from 'node:crypto';
import type { ServerConfig } from '../config/model.ts';
import { type ArgumentChecker, compileArguments } from '../schema/arguments.ts';
import { isRecord } from '../schema/json-schema.ts';
import type { ServerInfo } from './negotiate.ts';
import { answersToName, movedPaths } from './tool-path.ts';

export interface Tool {
  /** As the server calls it. */
  readonly name: string;
  /** Under the server's own path; the name, except where that is one of our routes or would be read as another path. */
  readonly path: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly arguments: ArgumentChecker;
}

export interface Catalog {
  readonly info: ServerInfo;
  /** In the server's order. */
  readonly tools: readonly Tool[];
  /** A tool that has moved may be here by its name, too. */
  readonly byPath: ReadonlyMap<string, Tool>;
  /** Equal for equal lists. */
  readonly fingerprint: string;
}

/** What of a catalog outlives a restart: definitions, never data. */
export interface CatalogRecord {
  readonly info: ServerInfo;
  readonly tools: readonly unknown[];
}

/** Whether what a store holds is a record; others may have written there. */
export function isCatalogRecord(value: unknown): value is CatalogRecord {
  return isRecord(value) && isRecord(value.info) && Array.isArray(value.tools);
}

/** All that it is called at. */
function pathsOf({ name, path }: Tool): string[] {
  return path !== name && answersToName(name) ? [path, name] : [path];
}

/** Over the tool, not a copy of it: its checker is compiled on first use. */
function placed(tool: Tool, path = tool.path): Tool {
  if (path === tool.path) return tool;
  return Object.create(tool, { path: { value: path, enumerable: true } }) as Tool;
}

/** Builds the catalog of one server. Entries that are no tools are left out; of two with one name the last counts, as in mcpo. */
export function buildCatalog(
  record: CatalogRecord,
  filter: Pick<ServerConfig, 'enabledTools' | 'disabledTools'>,
  fingerprint = fingerprintOf(record),
): Catalog {
  const byName = new Map<string, Tool>();
  for (const raw of record.tools) {
    const tool = toTool(raw);
    if (tool !== undefined && isAllowed(tool.name, filter)) byName.set(tool.name, tool);
  }
  const moved = movedPaths([...byName.keys()]);
  const tools = [...byName.values()].map((tool) => placed(tool, moved.get(tool.name)));
  const byPath = new Map(tools.flatMap((tool) => pathsOf(tool).map((path) => [path, tool])));
  return { info: record.info, tools, byPath, fingerprint };
}

/** Equal for equal lists. */
export function fingerprintOf({ info, tools }: CatalogRecord): string {
  return hash('sha256', JSON.stringify([info, tools]), 'base64url');
}

/**
 * The tool of `own` that everybody finds at `path`: where a tool had to move depends on the tools that there are, so
 * `all`, which holds those of everybody, decides.
 */
export function toolAt(path: string, own: Catalog, all: Catalog | undefined): Tool | undefined {
  const here = own.byPath.get(path);
  const name = all?.byPath.get(path)?.name;
  return name === undefined || here?.name === name ? here : own.tools.find((tool) => tool.name === name);
}

/** The tools of `own` at the paths where everybody finds them. */
export function toolsAmong(own: Catalog, all: Catalog | undefined): readonly Tool[] {
  const paths = new Map(all?.tools.map(({ name, path }) => [name, path]));
  const isElsewhere = ({ name, path }: Tool): boolean => (paths.get(name) ?? path) !== path;
  return own.tools.some(isElsewhere) ? own.tools.map((tool) => placed(tool, paths.get(tool.name))) : own.tools;
}

/** Exact names or patterns with `*`; `disabledTools` has the last word. */
export function isAllowed(name: string, filter: Pick<ServerConfig, 'enabledTools' | 'disabledTools'>): boolean {
  const matches = (pattern: string): boolean => matchesPattern(name, pattern);
  if (filter.enabledTools !== undefined && !filter.enabledTools.some(matches)) return false;
  return !filter.disabledTools.some(matches);
}

/** True when `text` is `pattern`, in which each `*` stands for any run of characters. Linear in both. */
export function matchesPattern(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function toTool(raw: unknown): Tool | undefined {
  if (!isRecord(raw) || typeof raw.name !== 'string' || raw.name === '') return undefined;
  const { name, title, description, inputSchema, outputSchema } = raw;
  let checker: ArgumentChecker | undefined;
  return {
    name: name as string,
    path: name as string,
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    inputSchema,
    ...(isRecord(outputSchema) ? { outputSchema } : {}),
    // A catalog may hold a thousand tools of which a few are ever called.
    get arguments() {
      checker ??= compileArguments(inputSchema, name as string);
      return checker;
    },
  };
}
