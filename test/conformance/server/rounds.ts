/** Tools and a prompt of the conformance server that ask in rounds (2026-07-28, `input_required`). */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { textResult } from './content.ts';

type Round = Promise<CallToolResult | InputRequiredResult> | CallToolResult | InputRequiredResult;
interface State {
  readonly tool: string;
  readonly round?: number;
  readonly name?: string;
}

/** Signs states, since they come back from the client; servers check them before a tool is reached. */
export const states = createRequestStateCodec<State & Record<string, unknown>>({ key: randomBytes(32) });

function nextState(state: State): Promise<string> {
  return states.mint({ ...state, nonce: randomUUID() });
}

type Field = { readonly type: 'string' } | { readonly type: 'boolean' };

function question(message: string, name: string, field: Field = { type: 'string' }) {
  const requestedSchema = { type: 'object' as const, properties: { [name]: field }, required: [name] };
  return inputRequired.elicit({ mode: 'form', message, requestedSchema });
}

function sampling(text: string) {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens: 100,
  });
}

/** What the client answered to this question; undefined where it did not, or not as asked. */
function answered(context: ServerContext, key: string, name: string): string | undefined {
  const value = acceptedContent<Record<string, unknown>>(context.mcpReq.inputResponses, key)?.[name];
  return typeof value === 'string' ? value : undefined;
}

function sampled({ mcpReq }: ServerContext, key: string): string | undefined {
  const answer = mcpReq.inputResponses?.[key] as { content?: { text?: unknown } } | undefined;
  return typeof answer?.content?.text === 'string' ? answer.content.text : undefined;
}

function roots({ mcpReq }: ServerContext, key: string): readonly unknown[] | undefined {
  const answer = mcpReq.inputResponses?.[key] as { roots?: unknown } | undefined;
  return Array.isArray(answer?.roots) ? answer.roots : undefined;
}

function isConfirmed({ mcpReq }: ServerContext): boolean {
  return acceptedContent(mcpReq.inputResponses, 'confirm') !== undefined;
}

/** By tool name, without the prefix that all have. */
const ROUNDS: Readonly<Record<string, (context: ServerContext) => Round>> = {
  elicitation: (context) => {
    const name = answered(context, 'user_name', 'name');
    if (name !== undefined) return textResult(`Hello, ${name}!`);
    return inputRequired({ inputRequests: { user_name: question('What is your name?', 'name') } });
  },
  sampling: (context) => {
    const text = sampled(context, 'capital_question');
    if (text !== undefined) return textResult(`Sampling response: ${text}`);
    return inputRequired({ inputRequests: { capital_question: sampling('What is the capital of France?') } });
  },
  list_roots: (context) => {
    const found = roots(context, 'client_roots');
    if (found !== undefined) return textResult(`Roots: ${JSON.stringify(found)}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  },
  request_state: async (context) => {
    if (!isConfirmed(context)) return confirmation('request_state');
    if (context.mcpReq.requestState() !== undefined) return textResult('state-ok');
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'requestState is missing');
  },
  tampered_state: (context) => {
    const isDone = context.mcpReq.requestState() !== undefined && isConfirmed(context);
    return isDone ? textResult('integrity-ok') : confirmation('tampered_state');
  },
  multiple_inputs: async (context) => {
    const name = answered(context, 'user_name', 'name');
    const greeting = sampled(context, 'greeting');
    const found = roots(context, 'client_roots');
    if (name !== undefined && greeting !== undefined && found !== undefined) {
      return textResult(`${greeting} ${name}: ${found.length} roots`);
    }
    return inputRequired({
      inputRequests: everyQuestion(),
      requestState: await nextState({ tool: 'multiple_inputs' }),
    });
  },
  multi_round: async (context) => {
    const state = context.mcpReq.requestState<State>();
    const tool = 'multi_round';
    if (state?.round === 2) return textResult(`${state.name} likes ${answered(context, 'step2', 'color')}`);
    if (state?.round === 1) {
      const name = answered(context, 'step1', 'name') ?? 'Somebody';
      const step2 = question('Step 2: What is your favorite color?', 'color');
      return inputRequired({ inputRequests: { step2 }, requestState: await nextState({ tool, round: 2, name }) });
    }
    const step1 = question('Step 1: What is your name?', 'name');
    return inputRequired({ inputRequests: { step1 }, requestState: await nextState({ tool, round: 1 }) });
  },
  capabilities: (context) => {
    if (context.mcpReq.inputResponses !== undefined) return textResult('answered');
    const inputRequests = permittedQuestions(context);
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : textResult('nothing to ask');
  },
};

async function confirmation(tool: string): Promise<InputRequiredResult> {
  const confirm = question('Please confirm', 'ok', { type: 'boolean' });
  return inputRequired({ inputRequests: { confirm }, requestState: await nextState({ tool }) });
}

function everyQuestion(): InputRequests {
  return {
    user_name: question('What is your name?', 'name'),
    greeting: sampling('Generate a greeting'),
    client_roots: inputRequired.listRoots(),
  };
}

/** Of the kinds that this client declares. */
function permittedQuestions({ mcpReq }: ServerContext): InputRequests {
  // The SDK's type of the envelope is empty.
  const envelope = mcpReq.envelope as Record<string, ClientCapabilities | undefined> | undefined;
  const { elicitation, sampling: samples, roots: hasRoots } = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
  const { user_name, greeting, client_roots } = everyQuestion();
  return {
    ...(elicitation !== undefined && user_name !== undefined ? { user_name } : {}),
    ...(samples !== undefined && greeting !== undefined ? { greeting } : {}),
    ...(hasRoots !== undefined && client_roots !== undefined ? { client_roots } : {}),
  };
}

export function addRounds(server: McpServer): void {
  for (const [name, round] of Object.entries(ROUNDS)) {
    const description = `Asks in rounds: ${name}`;
    server.registerTool(
      `test_input_required_result_${name}`,
      { description, inputSchema: z.object({}) },
      (_args, context) => round(context),
    );
  }
  // Called by a client without the capability.
  server.registerTool(
    'test_missing_capability',
    { description: 'Needs sampling', inputSchema: z.object({}) },
    (_args, context) => {
      const text = sampled(context, 'llm_answer');
      return text === undefined
        ? inputRequired({ inputRequests: { llm_answer: sampling('Reply: pong') } })
        : textResult(text);
    },
  );
  // Without arguments the context comes first, which the types do not know.
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks before it answers' }, (context) => {
    const text = answered(context as ServerContext, 'user_context', 'context');
    if (text === undefined) {
      const user_context = question('What context should the prompt use?', 'context');
      return inputRequired({ inputRequests: { user_context } });
    }
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: `Context: ${text}` } }] };
  });
}
