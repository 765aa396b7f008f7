/** `latchkey dump`: connects to every server, prints one OpenAPI document on stdout, and ends. */
import { isIPv6 } from 'node:net';
import type { DumpFlags } from '../cli.ts';
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import type { Configuration } from '../config/model.ts';
import { verifiesTokens } from '../config/open-webui.ts';
import { SINGLE_SERVER_NAME } from '../config/single.ts';
import type { Gateway } from '../gateway.ts';
import { apiPlace } from '../http/acehoss/path.ts';
import { Documents, documentOptions } from '../http/documents.ts';
import { type DumpedTool, schemaDump, schemaDumpPath } from '../openapi/schema-dump.ts';
import { stringifyYaml } from '../openapi/yaml.ts';
import { publicBase } from '../routing.ts';
import type { Settings } from '../settings.ts';
import type { Server, ServerState } from '../upstream/server.ts';
import { load } from './load.ts';
import { type Runtime, startRuntime } from './runtime.ts';

const CONNECT_MS = 60_000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Prints the document of `/api` where `--schemaDump` asks for it or callers know acehoss/mcp-gateway, else that of all
 * tools; servers are waited for `connectMs` at most. Resolves with the exit code: 1 when a server could not be asked; the
 * others are printed all the same.
 */
export async function dump(
  flags: Flags & DumpFlags,
  env: Environment,
  source: ConfigSource,
  connectMs = CONNECT_MS,
): Promise<number> {
  const { settings, configuration } = await load(flags, env, source);
  const isOfApi = flags.schemaDump === true || settings.shape === 'servers';
  const isJson = asksJson(flags.schemaFormat ?? (isOfApi ? 'yaml' : 'json'));
  // There the words of the servers belong on stderr.
  const runtime = await startFor(isOfApi ? settings : { ...settings, logLevel: 'error' }, env, configuration);
  // Ends what was started, even a child that does not mind the end of its input.
  const endEarly = (): never => process.exit(130);
  for (const signal of SIGNALS) process.once(signal, endEarly);
  let document: unknown;
  let isWhole: boolean;
  try {
    await runtime.gateway.apply(configuration);
    await runtime.gateway.firstCatalogs(connectMs);
    document = isOfApi ? apiDocument(runtime.gateway, settings) : restDocument(runtime.gateway, settings);
    isWhole = tellFailures(runtime.gateway);
  } finally {
    await runtime.close();
    // From here on nothing is left to be ended, and a reader may take as long as it likes.
    for (const signal of SIGNALS) process.off(signal, endEarly);
  }
  await writeOut(isJson ? `${JSON.stringify(document, null, 2)}\n` : stringifyYaml(document));
  return isWhole ? 0 : 1;
}

/** A login that serves all is in the store; nothing else is needed of it. */
function startFor(settings: Settings, env: Environment, configuration: Configuration): Promise<Runtime> {
  const needsStore = [...configuration.servers.values()].some(({ oauth }) => oauth?.multiUser === false);
  const kept = needsStore ? settings : { ...settings, store: 'memory' as const };
  return startRuntime(kept, needsStore ? env : {}, configuration, () => undefined);
}

/** As in acehoss/mcp-gateway all that is not exactly `json` is YAML. */
function asksJson(format: string): boolean {
  if (!['json', 'yaml', 'yml'].includes(format)) {
    say(`warning: --schema-format: ${JSON.stringify(format)} is neither yaml nor json; the document is YAML`);
  }
  return format === 'json';
}

/** The tools as they are called in sessions of one's own. */
function apiDocument(gateway: Gateway, settings: Settings): unknown {
  const { apiKey, auth, openWebui } = settings;
  return schemaDump(
    [...gateway.servers.values()].map((server) => ({ name: server.name, tools: reachableTools(gateway, server) })),
    {
      url: `${baseOf(settings)}/api`,
      basic: auth !== undefined && auth.basic.length > 0,
      bearer: apiKey !== undefined || (auth !== undefined && auth.bearer.length > 0) || verifiesTokens(openWebui),
    },
  );
}

/** The tools as the gateway's own document has them; a single server's stand at the root. */
function restDocument(gateway: Gateway, settings: Settings): unknown {
  const documents = new Documents(documentOptions(gateway, settings));
  const single = settings.source.kind === 'single' ? gateway.servers.get(SINGLE_SERVER_NAME) : undefined;
  const tools = [...gateway.servers.values()].map((server) => ({ server, catalog: server.catalog }));
  const { bytes } =
    single === undefined ? documents.ofAll(tools) : documents.ofServer({ server: single, catalog: single.catalog });
  return JSON.parse(bytes.toString('utf8'));
}

/** Relative where people get here by a port that is not known yet. */
function baseOf({ publicUrl, publicUrlGiven, host, port, rootPath }: Settings): string {
  if (publicUrlGiven) return publicBase(publicUrl, rootPath);
  return port === 0 ? rootPath : publicBase(listeningUrl(publicUrl, host), rootPath);
}

/** All addresses of a machine, and those that `localhost` leads to. */
const REACHED_AS_LOCALHOST = /^(?:0\.0\.0\.0|\[::\]|127\.0\.0\.1|\[::1\]|(?:.+\.)?localhost)$/;

/** What was made up for this machine, with `host` instead where only that leads to what listens there. */
function listeningUrl(publicUrl: URL, host: string): URL {
  const url = new URL(publicUrl);
  url.hostname = isIPv6(host) ? `[${host}]` : host;
  return REACHED_AS_LOCALHOST.test(url.hostname) ? publicUrl : url;
}

/**
 * None where each person has their own; and without those whose address is that of another tool once it is resolved, such
 * as `..` or `a//b`.
 */
function reachableTools(gateway: Gateway, server: Server): readonly DumpedTool[] {
  if (server.isPersonal)
    say(`note: ${server.name}: is left out, because each person signs in there and has their own tools`);
  const tools = server.catalog?.tools ?? [];
  const reachable = tools.filter(({ name }) => {
    const { pathname } = new URL(`http://localhost/api${schemaDumpPath(server.name, name)}`);
    const place = apiPlace(gateway, pathname);
    return place?.server === server && place.rest === name;
  });
  const count = tools.length - reachable.length;
  if (count > 0)
    say(`note: ${server.name}: ${count} of ${tools.length} tools left out, because no address reaches them`);
  return reachable;
}

/** False where a server could not be asked. */
function tellFailures(gateway: Gateway): boolean {
  const failed = [...gateway.servers.values()].filter(
    ({ isPersonal, catalog }) => !isPersonal && catalog === undefined,
  );
  for (const { name, state } of failed) say(`error: ${name}: ${whyNot(state)}`);
  return failed.length === 0;
}

function whyNot(state: ServerState): string {
  if (state.state === 'failed') return state.reason;
  return state.state === 'needs-login' ? 'somebody has to sign in there first' : 'no answer in time';
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Resolves once all of it is written; a reader who has read enough may leave. Rejects where it cannot be written. */
function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: NodeJS.ErrnoException | null): void => {
      if (error && error.code !== 'EPIPE') reject(error);
      else resolve();
    };
    process.stdout.on('error', done);
    process.stdout.write(text, done);
  });
}
