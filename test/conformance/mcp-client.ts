/** A real MCP client, the official SDK's, that does what each scenario without logins wants to see of a client. */
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { MODERN } from '../../src/upstream/protocol.ts';
import type { Scenario } from './gateway.ts';

type Arguments = Record<string, unknown>;
type Play = (client: Client, context: Scenario['context']) => Promise<void>;

/** Throws where the client at `url` does not get what it came for. */
export async function playClient(scenario: Scenario, url: URL): Promise<void> {
  const play = PLAYS[scenario.name];
  assert.ok(play !== undefined, `no play for ${scenario.name}`);
  const client = newClient(scenario);
  await client.connect(new StreamableHTTPClientTransport(url));
  try {
    await play(client, scenario.context);
  } finally {
    await client.close();
  }
}

/** Its person accepts each form as it is. */
function newClient({ name, protocolVersion }: Scenario): Client {
  const isModern = protocolVersion === MODERN && name !== LEGACY_PLAY;
  const client = new Client(
    { name: 'conformance-client', version: '1.0.0' },
    {
      capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: { form: { applyDefaults: true } } },
      ...(isModern ? { versionNegotiation: { mode: 'auto' } } : {}),
    },
  );
  client.setRequestHandler('elicitation/create', ({ params }) => {
    const isConfirmation = 'requestedSchema' in params && 'confirmed' in params.requestedSchema.properties;
    return { action: 'accept', content: isConfirmation ? { confirmed: true } : {} };
  });
  return client;
}

/** Its server answers `server/discover`, and everything else as of 2025-11-25. */
const LEGACY_PLAY = 'json-schema-ref-no-deref';

async function call(client: Client, name: string, args: Arguments = {}): Promise<string> {
  const { content, isError } = await client.callTool({ name, arguments: args });
  const text = JSON.stringify(content);
  assert.notEqual(isError, true, `${name}: ${text}`);
  return text;
}

const list: Play = async (client) => {
  await client.listTools();
};

function callListed(name: string): Play {
  return async (client) => {
    const { tools } = await client.listTools();
    assert.ok(
      tools.some((tool) => tool.name === name),
      `${name} is not listed`,
    );
    await call(client, name);
  };
}

/** By the name of the scenario. */
const PLAYS: Readonly<Record<string, Play>> = {
  initialize: list,
  'request-metadata': list,
  [LEGACY_PLAY]: list,
  'elicitation-sep1034-client-defaults': callListed('test_client_elicitation_defaults'),
  'sse-retry': callListed('test_reconnection'),
  tools_call: async (client) => {
    await client.listTools();
    assert.match(await call(client, 'add_numbers', { a: 5, b: 3 }), /\b8\b/);
  },
  'sep-2322-client-request-state': async (client) => {
    for (const name of ['test_mrtr_echo_state', 'test_mrtr_no_state', 'test_mrtr_unrelated']) await call(client, name);
    // The SDK takes no result without a `resultType`; what counts is that nothing is asked again.
    await assert.rejects(call(client, 'test_mrtr_no_result_type'));
  },
  'http-standard-headers': async (client) => {
    const { tools } = await client.listTools();
    for (const { name } of tools) await call(client, name);
    const { resources } = await client.listResources();
    for (const { uri } of resources) await client.readResource({ uri });
    const { prompts } = await client.listPrompts();
    for (const { name } of prompts) await client.getPrompt({ name });
  },
  'http-custom-headers': async (client, context) => {
    await client.listTools();
    const calls = context.toolCalls as { name: string; arguments: Arguments }[];
    for (const { name, arguments: args } of calls) await call(client, name, args);
  },
  // The SDK leaves out the tools that must be left out; the scenario sees to it that only the others are called.
  'http-invalid-tool-headers': async (client) => {
    const { tools } = await client.listTools();
    assert.ok(tools.length > 0);
    for (const { name } of tools) await call(client, name, { region: 'us-west1' });
  },
};
