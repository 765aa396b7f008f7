/** The tools that every test server offers, and a record of what was really run. */
import { pause } from './wait.ts';

export type Json = Record<string, unknown>;

type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
type Properties = Record<string, { [key: string]: JsonValue }>;

export interface ToolDefinition {
  name: string;
  description?: string;
  inputSchema: { type: 'object'; properties: Properties };
}

export interface ToolResult {
  [key: string]: unknown;
  content: Content[];
}

export type Content = { [key: string]: unknown; type: 'text'; text: string };

export interface CallContext {
  /** Aborted when the client cancels. */
  readonly signal: AbortSignal;
  /** Sends one progress notification, if the client asked for them. */
  progress(step: number): void | Promise<void>;
}

/** What really ran, as the server saw it. */
export class CallRecord {
  readonly calls: { readonly tool: string; readonly args: Json }[] = [];
  /** Tools whose call was cancelled while it ran. */
  readonly cancelled: string[] = [];

  count(tool: string): number {
    return this.calls.filter((call) => call.tool === tool).length;
  }
}

/** An error to be answered as a JSON-RPC error object. */
export class ToolRpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

type Run = (args: Json, context: CallContext) => unknown;

const PIXEL = 'iVBORw0KGgo=';

const RUN: Readonly<Record<string, Run>> = {
  echo: ({ text }) => textResult(String(text)),
  add: ({ a, b }) => textResult(String(Number(a) + Number(b))),
  slow: async ({ ms }, { signal }) => {
    await pause(Number(ms), signal);
    return textResult('slept');
  },
  progress: async ({ steps, ms }, { signal, progress }) => {
    for (let step = 1; step <= Number(steps) && !signal.aborted; step += 1) {
      await pause(Number(ms), signal);
      await progress(step);
    }
    return textResult('arrived');
  },
  fail: ({ text }) => ({ ...textResult(String(text)), isError: true }),
  'rpc-error': ({ code, message, data }) => {
    throw new ToolRpcError(Number(code), String(message), data);
  },
  big: ({ bytes }) => textResult('x'.repeat(Number(bytes))),
  structured: () => ({ ...textResult('{"sum":3}'), structuredContent: { sum: 3 } }),
  'structured-only': () => ({ content: [], structuredContent: { sum: 3 } }),
  image: () => ({ content: [{ type: 'image', mimeType: 'image/png', data: PIXEL }] }),
  audio: () => ({ content: [{ type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' }] }),
  resource: () => ({
    content: [{ type: 'resource', resource: { uri: 'test://a', mimeType: 'text/plain', text: 'a' } }],
  }),
  resource_link: () => ({ content: [{ type: 'resource_link', uri: 'test://b', name: 'b' }] }),
};

const ARGUMENTS: Readonly<Record<string, Properties>> = {
  echo: { text: { type: 'string' } },
  add: { a: { type: 'number' }, b: { type: 'number' } },
  slow: { ms: { type: 'integer' } },
  progress: { steps: { type: 'integer' }, ms: { type: 'integer' } },
  fail: { text: { type: 'string' } },
  'rpc-error': { code: { type: 'integer' }, message: { type: 'string' }, data: {} },
  big: { bytes: { type: 'integer' } },
};

/** The definitions of all tools here and of the server's `own`, then `extra` ones named `extra-0`, `extra-1` and so on. */
export function toolDefinitions(extra = 0, own: readonly string[] = []): ToolDefinition[] {
  const names = [...Object.keys(RUN), ...own, ...Array.from({ length: extra }, (_, index) => `extra-${index}`)];
  return names.map((name) => ({
    name,
    description: `The tool ${name}`,
    inputSchema: { type: 'object', properties: ARGUMENTS[name] ?? {} },
  }));
}

/** Runs one tool and records it; tools that are not known here answer their own name. */
export async function runTool(name: string, args: Json, context: CallContext, record: CallRecord): Promise<ToolResult> {
  record.calls.push({ tool: name, args });
  context.signal.addEventListener('abort', () => record.cancelled.push(name));
  const run = RUN[name] ?? (() => textResult(name));
  return (await run(args, context)) as ToolResult;
}

export function textResult(text: string): ToolResult {
  return { content: [{ type: 'text', text }] };
}
