/**
 * The client command of the conformance suite: `client.ts <server-url>` puts latchkey in front of the suite's server. In
 * scenarios about authorization it calls the tool as a person with a browser, in others it is an MCP client. Exits 0 where
 * that succeeded. What `scripts/conformance.mjs` reads of the output: the `Node` lines, and `end: connected` or
 * `end: <code of latchkey's error>` where it refused to go on.
 */
import assert from 'node:assert/strict';
import { isRecord } from '../../src/schema/json-schema.ts';
import { Browser } from '../helpers/sign-in.ts';
import { entryFor, type Gateway, type Scenario, startGateway, withLogin } from './gateway.ts';
import { playClient } from './mcp-client.ts';

/** The server may change its mind between two calls. */
const CALLS = 2;
const MOST_LOGINS = 4;
const MOST_REDIRECTS = 10;
/** The suite gives thirty seconds, and then ends only the shell around us. */
const DEADLINE_MS = 25_000;

interface Answer {
  /** Of latchkey's error; empty where the call went through. */
  readonly code: string;
  /** Present where a login helps, by latchkey's word. */
  readonly authorizeUrl?: string;
}

async function main(): Promise<number> {
  say(`client: Node ${process.version}`);
  const scenario = readScenario();
  const needsLogin = scenario.name.startsWith('auth/');
  const gateway = await startGateway(needsLogin ? withLogin(scenario) : entryFor(scenario));
  try {
    say(`latchkey: Node ${await nodeVersion(gateway)}`);
    const end = needsLogin ? await useTool(gateway) : await useClient(gateway, scenario);
    say(`end: ${end}`);
    return end === 'connected' ? 0 : 1;
  } finally {
    await gateway.stop();
    process.stderr.write(gateway.log());
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** By latchkey's own word. */
async function nodeVersion({ base }: Gateway): Promise<string> {
  const response = await fetch(`${base}/metrics`);
  const [, version] = /nodejs_version_info\{version="([^"]+)"/.exec(await response.text()) ?? [];
  assert.ok(version !== undefined, `/metrics answers ${response.status}`);
  return version;
}

function readScenario(): Scenario {
  const {
    MCP_CONFORMANCE_SCENARIO: name,
    MCP_CONFORMANCE_CONTEXT: context = '{}',
    MCP_CONFORMANCE_PROTOCOL_VERSION: protocolVersion,
  } = process.env;
  const serverUrl = process.argv[2];
  assert.ok(name !== undefined && serverUrl !== undefined && protocolVersion !== undefined, 'started by the suite');
  return { name, serverUrl, protocolVersion, context: JSON.parse(context) };
}

async function useClient({ base }: Gateway, scenario: Scenario): Promise<string> {
  await playClient(scenario, new URL('/s/mcp', base));
  return 'connected';
}

/** Calls, and signs in where that is said to help; `connected`, or the code of what could not be helped. */
async function useTool({ base }: Gateway): Promise<string> {
  const browser = new Browser();
  const page = await browser.fetch(`${base}/`);
  assert.equal(page.status, 200);
  let logins = 0;
  for (let done = 0; done < CALLS; ) {
    const answer = await call(browser, base);
    if (answer.code === '') {
      done += 1;
      continue;
    }
    if (answer.authorizeUrl === undefined) return answer.code;
    assert.ok(logins < MOST_LOGINS, `latchkey offers login after login: ${answer.code}`);
    logins += 1;
    const refusal = await logIn(browser, answer.authorizeUrl);
    if (refusal !== undefined) return refusal;
  }
  return 'connected';
}

async function call(browser: Browser, base: string): Promise<Answer> {
  const response = await browser.fetch(`${base}/s/test-tool`, { method: 'POST' });
  const code = response.headers.get('x-latchkey-error') ?? '';
  say(`call: ${response.status} ${code}`);
  assert.equal(response.ok, code === '');
  const body: unknown = await response.json();
  if (response.ok || !isRecord(body) || body.authorize_url === undefined) return { code };
  assert.ok(typeof body.authorize_url === 'string' && (response.status === 401 || response.status === 403));
  return { code, authorizeUrl: body.authorize_url };
}

/** Follows the way to the authorization server, which asks nothing, and back; the code of a failure's page. */
async function logIn(browser: Browser, authorizeUrl: string): Promise<string | undefined> {
  let at = new URL(authorizeUrl);
  for (let step = 0; step < MOST_REDIRECTS; step += 1) {
    const response = await browser.fetch(at);
    await response.arrayBuffer();
    // Without the query, which holds codes.
    say(`login: ${response.status} ${at.origin}${at.pathname}`);
    const location = response.headers.get('location');
    if (location === null) {
      assert.ok(response.ok || response.headers.has('x-latchkey-error'), `${at.origin} answers ${response.status}`);
      return response.headers.get('x-latchkey-error') ?? undefined;
    }
    at = new URL(location, at);
  }
  return assert.fail('redirects without end');
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
setTimeout(() => process.exit(1), DEADLINE_MS).unref();
process.exitCode = await main();
