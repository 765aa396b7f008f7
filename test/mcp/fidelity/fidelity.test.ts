/** What a caller and a server say to each other is the same with and without the gateway between them. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { TSX } from '../../helpers/configs.ts';
import { type OddHttp, startModern, startSessions, startSse } from './odd-http.ts';
import type { Era } from './odd-server.ts';
import { LEGACY_STORY, MODERN_HTTP_STORY, MODERN_STDIO_STORY } from './stories.ts';
import { type Entry, play, type Step, seenBy } from './transcript.ts';
import { HttpWire, ODD_CHILD, SseWire, StdioWire, type Wire } from './wires.ts';

interface Upstream {
  readonly era: Era;
  readonly story: readonly Step[];
  /** As an entry of a configuration. */
  readonly entry: Record<string, unknown>;
  /** As the only server, on the command line. */
  readonly argv: readonly string[];
  direct(): Promise<Wire>;
  close(): Promise<void>;
}

function stdio(era: Era): Upstream {
  const args = ['--import', TSX, ODD_CHILD, era];
  return {
    era,
    story: era === 'legacy' ? LEGACY_STORY : MODERN_STDIO_STORY,
    entry: { command: process.execPath, args },
    argv: ['--', process.execPath, ...args],
    direct: async () => new StdioWire(era),
    close: async () => undefined,
  };
}

function http(type: string, era: Era, { url, close }: OddHttp): Upstream {
  return {
    era,
    story: era === 'legacy' ? LEGACY_STORY : MODERN_HTTP_STORY,
    entry: { type, url: url.href },
    argv: ['--type', type, '--', url.href],
    direct: async () => (type === 'sse' ? SseWire.open(url) : new HttpWire(url)),
    close,
  };
}

const UPSTREAMS: Readonly<Record<string, () => Promise<Upstream>>> = {
  'stdio, with sessions': async () => stdio('legacy'),
  'HTTP that streams, with sessions': async () => http('streamable-http', 'legacy', await startSessions('stream')),
  'HTTP that answers JSON, with sessions': async () => http('streamable-http', 'legacy', await startSessions('json')),
  'HTTP+SSE': async () => http('sse', 'legacy', await startSse()),
  'stdio, stateless': async () => stdio('modern'),
  'HTTP, stateless': async () => http('streamable-http', 'modern', await startModern()),
};

interface Caller {
  readonly era: Era;
  readonly app: 'named' | 'single';
  readonly path: string;
  readonly open: (url: URL) => Promise<Wire>;
}

const openHttp = async (url: URL): Promise<Wire> => new HttpWire(url);

const CALLERS: readonly Caller[] = [
  { era: 'legacy', app: 'named', path: '/odd/mcp', open: openHttp },
  { era: 'legacy', app: 'named', path: '/odd/sse', open: (url) => SseWire.open(url) },
  { era: 'legacy', app: 'single', path: '/mcp', open: openHttp },
  { era: 'modern', app: 'named', path: '/odd/mcp', open: openHttp },
  { era: 'modern', app: 'single', path: '/mcp', open: openHttp },
];

async function tell(wire: Wire, story: readonly Step[]): Promise<Entry[]> {
  try {
    return await play(wire, story);
  } finally {
    await wire.close();
  }
}

/** A server without HTTP says no status. The last entry is what the server saw. */
function compare(found: readonly Entry[], expected: readonly Entry[], era: Era): void {
  assert.equal(found.length, expected.length);
  for (const [index, entry] of expected.slice(0, -1).entries()) {
    const other = found[index] as Entry;
    const haveStatus = entry.status !== 0 && other.status !== 0;
    assert.deepEqual(other, haveStatus ? entry : { ...entry, status: other.status });
  }
  assert.deepEqual(seenBy(found.at(-1) as Entry, era), seenBy(expected.at(-1) as Entry, era));
}

describe('what passes through is what was said', () => {
  for (const [what, start] of Object.entries(UPSTREAMS)) {
    test(what, async (t) => {
      const upstream = await start();
      try {
        await compareWays(t, upstream);
      } finally {
        await upstream.close();
      }
    });
  }
});

async function compareWays(t: TestContext, { era, story, entry, argv, direct }: Upstream): Promise<void> {
  const expected = await tell(await direct(), story);
  const named = await startApp({ mcpServers: { odd: entry } });
  const single = await startApp({ argv });
  const apps: Readonly<Record<Caller['app'], RunningApp>> = { named, single };
  try {
    for (const { app, path, open } of CALLERS.filter((caller) => caller.era === era)) {
      await t.test(`at ${path} of a ${app} server`, async () => {
        compare(await tell(await open(new URL(path, apps[app].url)), story), expected, era);
      });
    }
  } finally {
    await named.close();
    await single.close();
  }
}
