/** Whoever would not be let in any more hears nothing more: what is open ends soon, of every transport, and nobody else's does. */
import assert from 'node:assert/strict';
import { describe, it, mock, type TestContext } from 'node:test';
import type { AppSetup, RunningApp } from '../../helpers/app.ts';
import { startLivelyServer } from '../../helpers/lively-server.ts';
import { askStateless, type Json, McpSession, readEvents } from '../../helpers/mcp-session.ts';
import { bearer, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { until } from '../../helpers/wait.ts';
import { accounts, Person } from '../login-story.ts';
import { basic } from '../raw.ts';
import { startFor } from '../start-for.ts';
import { bearerOf, listedTokens, makeToken, revokeToken } from '../token-forms.ts';
import { SseClient } from './sse-client.ts';

type Headers = Readonly<Record<string, string>>;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const OTHER_SECRET = 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF';

/** Something that is open, and what came of it. */
interface Ear {
  readonly what: string;
  readonly heard: string[];
  isOver: boolean;
}

interface House {
  readonly app: RunningApp;
  /** The server says to all of its sessions that its tools have changed. */
  readonly tell: () => Promise<void>;
}

/** Only the test lets the time go by after which streams are looked at; with `hasClock`, all the time that there is. */
async function startHouse(t: TestContext, setup: AppSetup = {}, hasClock = false): Promise<House> {
  mock.timers.enable({ apis: hasClock ? ['setInterval', 'Date'] : ['setInterval'], now: Date.now() });
  t.after(() => mock.timers.reset());
  const server = await startLivelyServer();
  t.after(() => server.close());
  const lively = { type: 'streamable-http', url: server.url.href };
  const app = await startFor(t, { ...setup, mcpServers: { lively, ...setup.mcpServers } });
  return { app, tell: () => server.tellAll('notifications/tools/list_changed', () => ({})) };
}

const look = (): void => mock.timers.tick(5_000);
const isOver = ({ isOver: over }: Ear): boolean => over;
/** Looks again: a look that began earlier may still be under way. */
const isOverAtLast = (ear: Ear): boolean => {
  look();
  return ear.isOver;
};
const names = (ears: readonly Ear[]): string[] => ears.map(({ what }) => what);

function follow(what: string, response: Response): Ear {
  assert.equal(response.status, 200, what);
  const ear: Ear = { what, heard: [], isOver: false };
  const over = (): void => {
    ear.isOver = true;
  };
  readEvents(response, ({ data }) => ear.heard.push(data)).then(over, over);
  return ear;
}

/** The stream of a session, without its session's own reader. */
async function stream(t: TestContext, { url }: RunningApp, path: string, headers: Headers): Promise<Ear> {
  const session = await McpSession.open(url + path, { headers: { ...headers } });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const accept = { ...session.headers, accept: 'text/event-stream' };
  return follow(`GET ${path}`, await fetch(url + path, { headers: accept, signal: stop.signal }));
}

async function sse(t: TestContext, { url }: RunningApp, headers: Headers): Promise<Ear> {
  const client = await SseClient.open(url, '/lively/sse', headers);
  t.after(() => client.leave());
  await client.begin();
  return {
    what: 'HTTP+SSE',
    heard: [],
    get isOver() {
      return client.isOver;
    },
  };
}

async function listen({ url }: RunningApp, path: string, headers: Headers): Promise<Ear> {
  const ear: Ear = { what: `listen ${path}`, heard: [], isOver: false };
  const over = (): void => {
    ear.isOver = true;
  };
  const onMessage = (message: Json): void => void ear.heard.push(String(message.method));
  const params = { notifications: { toolsListChanged: true } };
  askStateless(url + path, 'subscriptions/listen', params, { headers: { ...headers }, onMessage }).then(over, over);
  await until(() => ear.heard.length > 0, 5_000, ear.what);
  return ear;
}

/** Resolves once each stream of a session with that server has heard of it. */
async function hears(tell: House['tell'], ears: readonly Ear[]): Promise<void> {
  const told = ears.filter(({ what }) => what === 'GET /lively/mcp');
  const before = told.map(({ heard }) => heard.length);
  await until(async () => {
    // The gateway's own stream to the server may still be opening, and nothing is kept there for it.
    await tell();
    return told.every(({ heard }, at) => heard.length > (before[at] ?? 0));
  });
}

async function everything(t: TestContext, app: RunningApp, headers: Headers): Promise<Ear[]> {
  return [
    await stream(t, app, '/lively/mcp', headers),
    await stream(t, app, '/mcp', headers),
    await sse(t, app, headers),
    await listen(app, '/lively/mcp', headers),
    await listen(app, '/mcp', headers),
  ];
}

describe('what a caller hears', () => {
  it('ends after the access token was revoked, and what others hear goes on', async (t) => {
    const { app, tell } = await startHouse(t, { keys: accounts('ann', 'ben') });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    await ben.signIn('ben');
    const token = bearerOf(await makeToken(ann));
    const anns = await everything(t, app, token);
    const others = [
      ...(await everything(t, app, bearerOf(await makeToken(ben)))),
      await stream(t, app, '/lively/mcp', bearerOf(await makeToken(ann, 'another'))),
    ];
    look();
    await hears(tell, others);
    assert.deepEqual(names(anns.filter(isOver)), []);
    await revokeToken(ann, (await listedTokens(ann)).get('laptop') ?? '');
    await until(() => anns.every(isOverAtLast));
    look();
    await hears(tell, others);
    assert.deepEqual(names(others.filter(isOver)), []);
    assert.equal((await new McpSession(`${app.url}/lively/mcp`, token).ask('initialize')).status, 401);
    const ended = app.records.filter(({ msg, code }) => msg === 'mcp' && code === 'invalid_credentials');
    assert.deepEqual([...new Set(ended.map(({ status }) => status))].sort(), [200, 401], 'operators see why');
  });

  it('ends with its access token', { timeout: 30_000 }, async (t) => {
    const { app, tell } = await startHouse(t, { keys: accounts('ann') });
    const ann = new Person(app);
    await ann.signIn('ann');
    const ears = await everything(t, app, bearerOf(await makeToken(ann, 'laptop', '7')));
    const password = await stream(t, app, '/lively/mcp', { authorization: basic('ann', 'ann-pw') });
    look();
    await hears(tell, [...ears, password]);
    assert.deepEqual(names(ears.filter(isOver)), []);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 8 * DAY_MS });
    await until(() => ears.every(isOverAtLast));
    await hears(tell, [password]);
    assert.equal(password.isOver, false, 'a password does not end');
  });

  it('ends with its token of Open WebUI', async (t) => {
    const { app } = await startHouse(t, { keys: { webui_secret_key: WEBUI_SECRET } }, true);
    const ears = await everything(t, app, await bearer('u-alice'));
    const longer = await everything(t, app, await bearer('u-alice', { claims: { exp: (Date.now() + DAY_MS) / 1000 } }));
    look();
    assert.deepEqual(names(ears.filter(isOver)), []);
    mock.timers.tick(HOUR_MS);
    await until(() => ears.every(isOverAtLast), HOUR_MS);
    assert.deepEqual(names(longer.filter(isOver)), []);
  });

  it('ends at all servers with what made the caller somebody at one of them', async (t) => {
    const oauth = { webui_secret_key: OTHER_SECRET };
    const own = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp', oauth };
    const { app, tell } = await startHouse(t, { mcpServers: { own } }, true);
    const alice = await bearer('u-alice', { secret: OTHER_SECRET });
    const ear = await stream(t, app, '/mcp', alice);
    const nobody = [await stream(t, app, '/mcp', {}), await stream(t, app, '/lively/mcp', alice)];
    look();
    await hears(tell, nobody);
    assert.equal(ear.isOver, false);
    mock.timers.tick(HOUR_MS);
    await until(() => isOverAtLast(ear), HOUR_MS);
    await hears(tell, nobody);
    assert.deepEqual(names(nobody.filter(isOver)), [], 'what never counted does not end');
  });

  it('ends with the sign-in of the browser that it was opened in', async (t) => {
    const { app, tell } = await startHouse(t, { keys: accounts('ann', 'ben') });
    const [ann, ben] = [new Person(app), new Person(app)];
    await ann.signIn('ann');
    await ben.signIn('ben');
    const anns = await everything(t, app, cookieOf(ann));
    const bens = await everything(t, app, cookieOf(ben));
    look();
    await hears(tell, [...anns, ...bens]);
    await ann.signOut();
    await until(() => anns.every(isOverAtLast));
    look();
    await hears(tell, bens);
    assert.deepEqual(names(bens.filter(isOver)), []);
  });
});

/** As a script of a page of the gateway shows it. */
function cookieOf(person: Person): Headers {
  const [name] = [...person.cookies].find(([, cookie]) => cookie === person.session) ?? [''];
  return { cookie: `${name}=${person.session?.value}`, origin: person.origin };
}
