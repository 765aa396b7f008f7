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
  /** The entry of the configuration. */
  readonly entry: Record<string, unknown>;
  direct(): Promise<Wire>;
}

function stdio(era: Era): Upstream {
  const entry = { command: process.execPath, args: ['--import', TSX, ODD_CHILD, era] };
  const story = era === 'legacy' ? LEGACY_STORY : MODERN_STDIO_STORY;
  return { era, story, entry, direct: async () => new StdioWire(era) };
}

async function http(t: TestContext, type: string, era: Era, start: () => Promise<OddHttp>): Promise<Upstream> {
  const server = await start();
  t.after(() => server.close());
  const direct = async (): Promise<Wire> => (type === 'sse' ? SseWire.open(server.url) : new HttpWire(server.url));
  const story = era === 'legacy' ? LEGACY_STORY : MODERN_HTTP_STORY;
  return { era, story, entry: { type, url: server.url.href }, direct };
}

const UPSTREAMS: Readonly<Record<string, (t: TestContext) => Promise<Upstream> | Upstream>> = {
  'stdio, with sessions': () => stdio('legacy'),
  'HTTP that streams, with sessions': (t) => http(t, 'streamable-http', 'legacy', () => startSessions('stream')),
  'HTTP that answers JSON, with sessions': (t) => http(t, 'streamable-http', 'legacy', () => startSessions('json')),
  'HTTP+SSE': (t) => http(t, 'sse', 'legacy', startSse),
  'stdio, stateless': () => stdio('modern'),
  'HTTP, stateless': (t) => http(t, 'streamable-http', 'modern', startModern),
};

type Caller = (app: RunningApp) => Promise<Wire>;

const CALLERS: Readonly<Record<Era, Readonly<Record<string, Caller>>>> = {
  legacy: {
    '/odd/mcp': async ({ url }) => new HttpWire(new URL('/odd/mcp', url)),
    '/odd/sse': ({ url }) => SseWire.open(new URL('/odd/sse', url)),
  },
  modern: { '/odd/mcp': async ({ url }) => new HttpWire(new URL('/odd/mcp', url)) },
};

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

describe('fidelity', () => {
  for (const [what, start] of Object.entries(UPSTREAMS)) {
    test(`of ${what}`, async (t) => {
      const { era, story, entry, direct } = await start(t);
      const expected = await tell(await direct(), story);
      const app = await startApp({ mcpServers: { odd: entry } });
      t.after(() => app.close());
      for (const [path, call] of Object.entries(CALLERS[era])) {
        await t.test(path, async () => compare(await tell(await call(app), story), expected, era));
      }
    });
  }
});
