/** The MCP server of the benchmark without its transport: one tool to call, and a thousand to describe. */

export const TOOL = 'repeat';
export const ARGUMENTS = { text: 'one door, everyone has a key', count: 3, upper: true } as const;

interface Call {
  readonly name: string;
  readonly arguments: { readonly text: string; readonly count: number; readonly upper: boolean };
}

export interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: unknown;
}

const REPEAT = {
  name: TOOL,
  description: 'Says a text several times.',
  inputSchema: {
    type: 'object',
    properties: {
      text: { type: 'string', description: 'What to say', minLength: 1 },
      count: { type: 'integer', description: 'How often', minimum: 1, maximum: 100 },
      upper: { type: 'boolean', description: 'In capital letters', default: false },
    },
    required: ['text', 'count'],
  },
};

/** The text that the tool answers: JSON, as most tools do. */
export const ANSWER = repeat(ARGUMENTS);

function repeat({ text, count, upper }: Call['arguments']): string {
  return JSON.stringify({ said: upper ? text.toUpperCase() : text, count });
}

/** `tools` is how many are listed. The answer as text; undefined for a notification. */
export function answer(message: Message, tools: number): string | undefined {
  if (message.id === undefined) return undefined;
  return JSON.stringify({ jsonrpc: '2.0', id: message.id, ...outcome(message, tools) });
}

function outcome({ method, params }: Message, tools: number): object {
  switch (method) {
    case 'tools/call':
      return { result: { content: [{ type: 'text', text: repeat((params as Call).arguments) }] } };
    case 'tools/list':
      return { result: { tools: [REPEAT, ...Array.from({ length: tools - 1 }, (_, index) => described(index))] } };
    case 'initialize': {
      const { protocolVersion } = params as { protocolVersion: string };
      const serverInfo = { name: 'bench', version: '1.0.0' };
      return { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } };
    }
    case 'ping':
      return { result: {} };
    default:
      return { error: { code: -32601, message: `${method} is not supported` } };
  }
}

/** A tool as real ones are: a few arguments of all kinds, each with a sentence. */
function described(index: number): object {
  return {
    name: `search_records_${index}`,
    description: `Searches the records of collection ${index} and returns the best matches, newest first.`,
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'Words that must occur in the record' },
        limit: {
          type: 'integer',
          description: 'How many records to return at most',
          minimum: 1,
          maximum: 100,
          default: 20,
        },
        order: { type: 'string', enum: ['newest', 'oldest', 'relevance'], description: 'Which records come first' },
        labels: {
          type: 'array',
          items: { type: 'string' },
          description: 'Only records that carry all of these labels',
        },
        range: {
          type: 'object',
          description: 'Only records of this time',
          properties: { from: { type: 'string', format: 'date' }, to: { type: 'string', format: 'date' } },
        },
      },
      required: ['query'],
    },
  };
}
