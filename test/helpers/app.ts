/** The whole gateway in this process: a configuration goes in, a listening server comes out. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { parseCli } from '../../src/cli.ts';
import { withKnownPort } from '../../src/commands/port.ts';
import { openSessions } from '../../src/commands/runtime.ts';
import { Gateway } from '../../src/gateway.ts';
import { PersonalTokens } from '../../src/identity/personal-tokens.ts';
import { publicBase } from '../../src/routing.ts';
import { loadAll, resolveSource, type Settings } from '../../src/settings.ts';
import { openStores } from '../../src/storage/open.ts';
import type { LinkTimings } from '../../src/upstream/timings.ts';

export interface RunningApp {
  readonly url: string;
  readonly settings: Settings;
  readonly gateway: Gateway;
  /** What was logged, one parsed record a line. */
  readonly records: readonly Record<string, unknown>[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A string is sent as it is, anything else as JSON; undefined sends no body. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export interface AppSetup {
  /** The content of `mcpServers`, and gateway keys beside it. */
  readonly mcpServers?: Record<string, unknown>;
  readonly keys?: Record<string, unknown>;
  /** Instead of `mcpServers`: the content of `servers`, with `keys` beside it; listens on 127.0.0.1 unless they say otherwise. */
  readonly servers?: Record<string, unknown>;
  /** Command line without the configuration, e.g. `['--api-key', 'k']`; what follows `--` is a single server. */
  readonly argv?: readonly string[];
  readonly timings?: LinkTimings;
  /** What the stores see of the environment; default: nothing. */
  readonly env?: Record<string, string>;
  /** Wait until every server has connected or failed; true unless said otherwise. Has no effect on those that start on demand. */
  readonly settle?: boolean;
}

export async function startApp(setup: AppSetup): Promise<RunningApp> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-app-'));
  const argv = [...(setup.argv ?? [])];
  const own = ['--port', '0', '--store', 'memory', '--log-level', 'debug'];
  if (setup.mcpServers !== undefined) {
    const file = join(folder, 'config.json');
    await writeFile(file, JSON.stringify({ mcpServers: setup.mcpServers, ...setup.keys }));
    own.push('--config', file);
  }
  if (setup.servers !== undefined) {
    const file = join(folder, 'config.yaml');
    await writeFile(file, JSON.stringify({ hostname: '127.0.0.1', servers: setup.servers, ...setup.keys }));
    own.push('--config', file);
  }
  const parsed = parseCli([...own, ...argv], process.env);
  if (parsed.kind !== 'run') throw new Error(parsed.text);
  const source = resolveSource(parsed.flags, parsed.env, folder);
  if (source === undefined) throw new Error('no server configured');
  const loaded = await loadAll(parsed.flags, parsed.env, source);
  const settings = await withKnownPort(loaded.settings);
  const records: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => records.push(JSON.parse(line)) });
  const stores = await openStores(settings.store, setup.env ?? {}, log);
  const gateway = new Gateway({
    log,
    stores,
    publicBase: publicBase(settings.publicUrl, settings.rootPath),
    limits: settings.sessions,
    ...(setup.timings === undefined ? {} : { timings: setup.timings }),
  });
  const sessions = openSessions(stores, settings, loaded.configuration);
  const tokens = new PersonalTokens(stores.sealed, log);
  const warnings = [...loaded.configuration.warnings, ...settings.warnings];
  const app = await buildApp({ gateway, settings, log, sessions, tokens, warnings: () => warnings });
  await gateway.apply(loaded.configuration);
  await app.listen({ host: settings.host, port: settings.port });
  if (setup.settle !== false) {
    const atStart = [...gateway.servers.values()].filter((server) => !server.isOnDemand);
    await Promise.all(atStart.map((server) => server.firstCatalog(10_000)));
  }
  const url = `${settings.tls === undefined ? 'http' : 'https'}://127.0.0.1:${settings.port}`;
  return {
    url,
    settings,
    gateway,
    records,
    get: (path, headers = {}) => fetch(url + path, { headers, redirect: 'manual' }),
    post: (path, body, headers = {}) =>
      fetch(url + path, { method: 'POST', redirect: 'manual', ...payload(body, headers) }),
    close: async () => {
      await app.close();
      await gateway.close();
      await stores.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function payload(body: unknown, headers: Record<string, string>): { body?: string; headers: Record<string, string> } {
  if (body === undefined) return { headers };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { body: text, headers: { 'content-type': 'application/json', ...headers } };
}
