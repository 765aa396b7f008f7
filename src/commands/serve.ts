/** `latchkey serve`: opens the port at once, connects in the background, and ends gracefully. */
import closeWithGrace from 'close-with-grace';
import { buildApp } from '../app.ts';
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import { probeOpenWebui } from '../identity/open-webui/probe.ts';
import { publicBase } from '../routing.ts';
import { loadOptionsOf, type Settings } from '../settings.ts';
import type { LinkState } from '../upstream/link-state.ts';
import type { Server } from '../upstream/server.ts';
import { load } from './load.ts';
import { SingleUserLogins } from './loopback/single-user.ts';
import { realSurroundings } from './loopback/surroundings.ts';
import { withKnownPort } from './port.ts';
import { startReload } from './reload.ts';
import { Report } from './report.ts';
import { type Runtime, startRuntime, storeOpener } from './runtime.ts';

const GRACE_MS = 10_000;
/** How long calls in flight may go on at the end; what is left of the grace is for closing. */
const PATIENCE_MS = 5_000;
const SWEEP_MS = 100;

/** Resolves with the exit code once the server has ended. */
export async function serve(flags: Flags, env: Environment, source: ConfigSource): Promise<number> {
  const loaded = await load(flags, env, source);
  const settings = await withKnownPort(loaded.settings);
  const report = new Report(settings);
  let logins: SingleUserLogins | undefined;
  const onState = (server: Server, state: LinkState): void => {
    report.state(server, state);
    logins?.state(server, state);
  };
  const open = storeOpener(settings, flags, loaded.configuration);
  const runtime = await startRuntime(settings, env, loaded.configuration, onState, open);
  report.attach(runtime.log);
  let warnings = [...loaded.configuration.warnings, ...settings.warnings, ...runtime.warnings];
  report.warnings(warnings);
  const { gateway, sessions, tokens, log } = runtime;
  const app = await buildApp({ gateway, settings, log, sessions, tokens, warnings: () => warnings });
  await runtime.gateway.apply(loaded.configuration);
  try {
    await app.listen({
      host: settings.host,
      port: settings.port,
      listenTextResolver: (address) => `latchkey listens at ${address}`,
    });
  } catch (error) {
    await runtime.close();
    throw explainListenError(error as NodeJS.ErrnoException, settings);
  }
  report.listening();
  report.openWebui([...loaded.configuration.servers.values()]);
  const ending = new AbortController();
  void probe(settings, report, ending.signal);
  logins = new SingleUserLogins({
    gateway,
    publicBase: publicBase(settings.publicUrl, settings.rootPath),
    log,
    tell: (notice) => report.notice(notice),
    surroundings: realSurroundings(env),
    home: env.HOME,
  });
  const watcher = startReload({
    settings,
    options: { env, ...loadOptionsOf(flags) },
    gateway: runtime.gateway,
    log: runtime.log,
    before: loaded.configuration,
    applied: (found) => {
      warnings = [...found, ...loaded.lasting, ...runtime.warnings];
    },
  });
  return ended(app, runtime, () => {
    ending.abort();
    watcher?.close();
    void logins.close();
  });
}

/** Told before the first user is turned away; nothing waits for it. */
async function probe({ openWebui: { introspect, url } }: Settings, report: Report, signal: AbortSignal): Promise<void> {
  const message = introspect && url !== undefined ? await probeOpenWebui(url, { signal }) : undefined;
  if (message === undefined) return;
  const remedy = 'its users are turned away until it answers: check the address, and that Open WebUI runs';
  report.warnings([{ file: '', path: 'open_webui.url', message, remedy }]);
}

function explainListenError(error: NodeJS.ErrnoException, { host, port }: Settings): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is in use; choose another with --port`);
  if (error.code === 'EACCES') return new Error(`port ${port} needs more rights; choose one above 1023 with --port`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new Error(`${host} is no address of this machine; choose another with --host`);
  }
  return error;
}

function ended(
  app: { close(): Promise<void>; server: { closeIdleConnections(): void } },
  runtime: Runtime,
  stopWatching: () => void,
): Promise<number> {
  return new Promise((resolve) => {
    closeWithGrace({ delay: GRACE_MS, logger: false }, async ({ err, signal }) => {
      if (err) runtime.log.fatal({ err }, 'unexpected error; latchkey ends');
      else runtime.log.info({ signal }, 'latchkey ends');
      stopWatching();
      // Calls in flight may end by themselves for a while; then they are ended, so that each caller gets an answer.
      const impatient = setTimeout(() => void runtime.gateway.close(), PATIENCE_MS);
      // A connection that falls idle only now would hold the end up until its keep-alive is over.
      const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
      await app.close();
      clearTimeout(impatient);
      clearInterval(sweep);
      await runtime.close();
      resolve(err ? 1 : 0);
    });
  });
}
