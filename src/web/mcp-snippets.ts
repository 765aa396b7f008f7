/** What people paste into MCP clients and terminals, with the real addresses; safe whatever a server is called. */
import { createHash } from 'node:crypto';

export interface SnippetModel {
  /** `Claude Code`. */
  readonly client: string;
  /** Where the text goes. */
  readonly place: string;
  readonly text: string;
}

/** One MCP address, for people to copy. */
export interface McpModel {
  readonly url: string;
  /** What there is to know before: which credential, or that none will do; a sentence each. */
  readonly hints: readonly string[];
  readonly snippets: readonly SnippetModel[];
}

/** What snippets are made of. */
export interface SnippetFacts {
  /** Of the entry in the client's configuration; any text. */
  readonly name: string;
  /** Of what else may get an entry beside it. */
  readonly others?: readonly string[];
  /** The MCP address. */
  readonly url: string;
  /** The address of the document that lists the same tools for REST. */
  readonly documentUrl: string;
  /** What goes behind `Bearer`: base64url, or a placeholder; undefined: no credential is asked for. */
  readonly token: string | undefined;
}

/** Stands for a credential where none is to be shown. */
export const TOKEN_PLACEHOLDER = 'YOUR_TOKEN';

/** One for each client, in the order in which a page shows them. */
export function mcpSnippets(facts: SnippetFacts): SnippetModel[] {
  const { url, documentUrl, token } = facts;
  const name = entryName(facts.name, facts.others);
  const headers = token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } };
  const header = token === undefined ? '' : ` --header "Authorization: Bearer ${token}"`;
  return [
    {
      client: 'Claude Code',
      place: 'In a terminal:',
      text: `claude mcp add --transport http ${name} ${shellWord(url)}${header}`,
    },
    {
      client: 'Cursor',
      place: 'In .cursor/mcp.json of a project, or ~/.cursor/mcp.json:',
      text: json({ mcpServers: { [name]: { url, ...headers } } }),
    },
    {
      client: 'VS Code',
      place: 'In .vscode/mcp.json of a project:',
      text: json({ servers: { [name]: { type: 'http', url, ...headers } } }),
    },
    {
      client: 'curl',
      place: 'In a terminal; lists the tools, which are also plain REST:',
      text: `curl ${shellWord(documentUrl)}${header}`,
    },
  ];
}

/** `text` as the name of an entry, with a hash where nothing is left of it, or as much of one of `others`. */
export function entryName(text: string, others: readonly string[] = []): string {
  const name = plainName(text);
  if (name === '') return `server-${shortHash(text)}`;
  return others.some((other) => plainName(other) === name) ? `${name}-${shortHash(text)}` : name;
}

/** Claude Code takes letters, digits, `-` and `_` alone, and what begins with `-` is an option to a shell command. */
function plainName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}

/** One word of a POSIX shell, as it stands where nothing in it means something to a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
