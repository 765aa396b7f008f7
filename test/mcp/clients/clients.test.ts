/** The clients that people have list and call tools at every endpoint, whatever the server behind it speaks. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import {
  type SdkServer,
  startSseServer,
  startStatelessServer,
  startStreamableServer,
} from '../../helpers/sdk-servers.ts';
import { CLIENTS, type ClientKind } from './clients.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

interface Tool {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly text: string;
}

const ECHO: Tool = { name: 'echo', args: { text: 'hi' }, text: 'hi' };
/** One tool of each server. */
const TOOLS: Readonly<Record<string, Tool>> = {
  everything: { name: 'echo', args: { message: 'hi' }, text: 'Echo: hi' },
  streamable: ECHO,
  sse: ECHO,
  stateless: ECHO,
};

let servers: SdkServer[] = [];
let several: RunningApp;
let singles: Record<string, RunningApp>;

before(async () => {
  const [streamable, sse, stateless] = await Promise.all([
    startStreamableServer(),
    startSseServer(),
    startStatelessServer(),
  ]);
  servers = [streamable, sse, stateless];
  several = await startApp({
    mcpServers: {
      everything: { command: process.execPath, args: [EVERYTHING] },
      streamable: { type: 'streamable-http', url: streamable.url.href },
      sse: { type: 'sse', url: sse.url.href },
      stateless: { type: 'streamable-http', url: stateless.url.href },
    },
  });
  singles = {
    streamable: await startApp({ argv: ['--type', 'streamable-http', '--', streamable.url.href] }),
    stateless: await startApp({ argv: ['--type', 'streamable-http', '--', stateless.url.href] }),
  };
});

after(async () => {
  for (const app of [several, ...Object.values(singles)]) await app.close();
  for (const server of servers) await server.close();
});

/** Lists, finds each of `tools` under its name there, and calls them. */
async function use(kind: ClientKind, url: URL, tools: Readonly<Record<string, Tool>>): Promise<void> {
  const client = await kind.open(url);
  try {
    const listed = await client.list();
    for (const [name, { args, text }] of Object.entries(tools)) {
      assert.ok(listed.includes(name), `${name} is not among ${listed}`);
      assert.equal(await client.call(name, args), text);
    }
  } finally {
    await client.close();
  }
}

for (const kind of CLIENTS) {
  describe(kind.name, () => {
    for (const [server, tool] of Object.entries(TOOLS)) {
      const paths = kind.transport === 'sse' ? [`/${server}`, `/${server}/sse`] : [`/${server}/mcp`];
      for (const path of paths) {
        test(`uses the tools at ${path}`, () => use(kind, new URL(path, several.url), { [tool.name]: tool }));
      }
    }

    if (kind.transport === 'sse') return;

    test('uses the tools of all servers at /mcp', async () => {
      const all = Object.entries(TOOLS).map(([server, tool]) => [`${server}__${tool.name}`, tool]);
      await use(kind, new URL('/mcp', several.url), Object.fromEntries(all));
    });

    for (const server of ['streamable', 'stateless']) {
      test(`uses the tools of the single server at /mcp: ${server}`, async () => {
        await use(kind, new URL('/mcp', singles[server]?.url), { echo: ECHO });
      });
    }
  });
}
