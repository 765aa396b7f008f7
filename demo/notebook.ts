/** The tools of the notes server: each account has notes of its own, kept in memory. */

export type Json = Record<string, unknown>;

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** The scope (RFC 6749 3.3) that a token needs to call it. */
  readonly scope: string;
  /** Undefined: everybody has it. */
  readonly onlyFor?: string;
  readonly inputSchema: Json;
  run(notes: string[], args: Json, account: string): Json;
}

export const READ = 'notes:read';
export const WRITE = 'notes:write';

const NO_ARGUMENTS = { type: 'object', properties: {} };
const TEXT = {
  type: 'object',
  properties: { text: { type: 'string', description: 'What to remember' } },
  required: ['text'],
};

const TOOLS: readonly Tool[] = [
  {
    name: 'whoami',
    description: 'Whose account this is',
    scope: READ,
    inputSchema: NO_ARGUMENTS,
    run: (_notes, _args, account) => textResult(account),
  },
  {
    name: 'add_note',
    description: 'Adds a note to your notebook',
    scope: READ,
    inputSchema: TEXT,
    run: (notes, { text }) => textResult(`You have ${notes.push(String(text))} notes`),
  },
  {
    name: 'list_notes',
    description: 'All notes in your notebook',
    scope: READ,
    inputSchema: NO_ARGUMENTS,
    run: (notes) => textResult(JSON.stringify(notes)),
  },
  {
    name: 'delete_all',
    description: 'Empties your notebook; needs the right to delete',
    scope: WRITE,
    inputSchema: NO_ARGUMENTS,
    run: (notes) => textResult(`Deleted ${notes.splice(0).length} notes`),
  },
  {
    name: 'count_words',
    description: 'How many words your notes have; only alice has this tool',
    scope: READ,
    onlyFor: 'alice',
    inputSchema: NO_ARGUMENTS,
    run: (notes) => textResult(String(notes.join(' ').split(/\s+/).filter(Boolean).length)),
  },
];

/** What this account may call, if the token's scopes allow it. */
export function toolsOf(account: string): readonly Tool[] {
  return TOOLS.filter(({ onlyFor }) => onlyFor === undefined || onlyFor === account);
}

export function toolOf(account: string, name: unknown): Tool | undefined {
  return toolsOf(account).find((tool) => tool.name === name);
}

function textResult(text: string): Json {
  return { content: [{ type: 'text', text }] };
}
