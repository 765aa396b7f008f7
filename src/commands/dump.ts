/** `latchkey dump`: connects to every server, prints one OpenAPI document on stdout, and ends. */
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import { SINGLE_SERVER_NAME } from '../config/single.ts';
import { Documents, documentOptions } from '../http/documents.ts';
import { loadAll } from '../settings.ts';
import type { ServerState } from '../upstream/server.ts';
import { startRuntime } from './runtime.ts';

const CONNECT_MS = 60_000;

/** Exit code 1 when a server could not be asked; the others are printed all the same. */
export async function dump(flags: Flags, env: Environment, source: ConfigSource): Promise<number> {
  const { settings, configuration } = await loadAll(flags, env, source);
  // A login that serves all is in the store; nothing else is needed of it.
  const needsStore = [...configuration.servers.values()].some(({ oauth }) => oauth?.multiUser === false);
  const quiet = { ...settings, logLevel: 'error' as const };
  const kept = needsStore ? quiet : { ...quiet, store: 'memory' as const };
  const runtime = await startRuntime(kept, needsStore ? env : {}, configuration, () => undefined);
  // Ends what was started, even a child that does not mind the end of its input.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    await runtime.gateway.apply(configuration);
    await runtime.gateway.firstCatalogs(CONNECT_MS);
    const documents = new Documents(documentOptions(runtime.gateway, settings));
    const single = source.kind === 'single' ? runtime.gateway.servers.get(SINGLE_SERVER_NAME) : undefined;
    const tools = [...runtime.gateway.servers.values()].map((server) => ({ server, catalog: server.catalog }));
    const { bytes } =
      single === undefined ? documents.ofAll(tools) : documents.ofServer({ server: single, catalog: single.catalog });
    process.stdout.write(`${JSON.stringify(JSON.parse(bytes.toString('utf8')), null, 2)}\n`);
    const failed = [...runtime.gateway.servers.values()].filter(
      (server) => !server.isPersonal && server.catalog === undefined,
    );
    for (const { name, state } of failed) {
      process.stderr.write(`error: ${name}: ${whyNot(state)}\n`);
    }
    return failed.length === 0 ? 0 : 1;
  } finally {
    await runtime.close();
  }
}

function whyNot(state: ServerState): string {
  if (state.state === 'failed') return state.reason;
  return state.state === 'needs-login' ? 'somebody has to sign in there first' : 'no answer in time';
}
