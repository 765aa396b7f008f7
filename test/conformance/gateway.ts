/** The built latchkey as a process of its own, in front of the server that a scenario plays or that the suite tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve('dist/main.js');
/** The suite wants to see this one; it is used only where the authorization server supports such documents. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';

/** What a scenario tells of itself. */
export interface Scenario {
  readonly name: string;
  readonly serverUrl: string;
  readonly protocolVersion: string;
  /** What it wants its client to know. */
  readonly context: Record<string, unknown>;
}

export interface Gateway {
  /** Where people reach it, e.g. `http://localhost:41234`. */
  readonly base: string;
  /** Everything it logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts latchkey with one server, `s`. Rejects with its log where it ends instead. */
export async function startGateway(entry: object): Promise<Gateway> {
  const home = await mkdtemp(join(tmpdir(), 'latchkey-conformance-'));
  const config = join(home, 'config.json');
  await writeFile(config, JSON.stringify({ mcpServers: { s: entry } }));
  return start(home, ['--config', config]);
}

/** Starts latchkey with the server at this address alone, as `latchkey -- URL` does. */
export async function startSingle(url: string): Promise<Gateway> {
  return start(await mkdtemp(join(tmpdir(), 'latchkey-conformance-')), ['--', url]);
}

async function start(home: string, what: readonly string[]): Promise<Gateway> {
  const child = spawn(process.execPath, [MAIN, '--store', 'memory', '--port', '0', ...what], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home },
    // Nothing of the suite's: a child that holds its pipes would keep it waiting.
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const abandon = (): void => {
    child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  let log = '';
  const closed = once(child, 'close');
  const port = new Promise<string>((done, fail) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk;
      const found = /latchkey listens at http:\/\/[^"\s]+:(\d+)/.exec(log)?.[1];
      if (found !== undefined) done(found);
    });
    closed.then(() => fail(new Error(`latchkey ended: ${log}`)), fail);
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await closed;
    process.off('exit', abandon);
    await rm(home, { recursive: true, force: true });
  };
  try {
    // By the same name as the servers of the suite: cookies do not cross from `localhost` to `127.0.0.1`.
    return { base: `http://localhost:${await port}`, log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As somebody would write it in front of the server of a scenario: they all speak one revision, and are asked no other. */
export function entryFor({ serverUrl, protocolVersion }: Scenario): object {
  return { type: 'streamable-http', url: serverUrl, protocol_version: protocolVersion };
}

export function withLogin(scenario: Scenario): object {
  const { client_id, client_secret, issuer } = scenario.context;
  const oauth = {
    server_url: new URL(scenario.serverUrl).origin,
    multi_user: true,
    client_metadata_url: CLIENT_METADATA_URL,
    ...{ client_id, client_secret, issuer },
  };
  return { ...entryFor(scenario), oauth };
}
