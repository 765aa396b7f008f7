/** The command line: mcpo's flags, ours, and the commands; nothing is run or printed here. */

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Command, CommanderError } from 'commander';
import type { Flags } from './config/flags.ts';
import type { Environment } from './config/interpolate.ts';
import type { Problem } from './config/model.ts';
import { didYouMean } from './config/suggest.ts';
import { messageOf } from './errors.ts';

export type CliCommand = 'serve' | 'check' | 'dump' | 'demo';

/** What `dump` alone reads. */
export interface DumpFlags {
  /** The document of `/api`, whatever the configuration. */
  readonly schemaDump?: boolean;
  /** As written. */
  readonly schemaFormat?: string;
}

export type ParsedCli =
  | {
      readonly kind: 'run';
      readonly command: CliCommand;
      readonly flags: Flags & DumpFlags;
      /** The given environment with `flags.variables`; what it has already goes first. */
      readonly env: Environment;
    }
  | { readonly kind: 'print'; readonly text: string; readonly exitCode: number; readonly stream: 'stdout' | 'stderr' };

const COMMANDS = ['serve', 'check', 'dump', 'demo', 'version', 'help'];

/** One screen: at most 24 lines of 100 columns. */
export const HELP = `\
Usage: latchkey [options] -- COMMAND [ARG...]     one server: a program, or -- URL
       latchkey [serve | check | dump | demo | version] [options]

Servers  -c, --config FILE         with mcpServers or servers (else CONFIG_PATH, ./config.yaml)
         --hot-reload              follow its changes   --oauth              the URL wants a login
         --type TYPE               sse, streamable-http -H, --header JSON    for the URL behind --
         -e, --env K=V             set a variable (repeatable); --env-path FILE reads a file of them
Address  -h, --host HOST           127.0.0.1            -p, --port PORT      8000 (0: any free one)
         --public-url URL          how people get here  --allowed-host NAME  one more name for it
         --root-path PATH          before every path    --path-prefix PATH   before /<server>/...
         -t, --ssl-certfile FILE   https, with -K, --ssl-keyfile FILE; --trust-proxy CIDR of a proxy
Access   -k, --api-key KEY         asked for at every tool call (also LATCHKEY_API_KEY)
         --strict-auth             ask everywhere       --insecure-open      an open port is meant
         --cors-allow-origins URL  default *; --document-key KEY, --anonymous-catalog KIND for docs
Open     --webui-secret-key KEY    signs its tokens     --open-webui-url URL or it is asked there
WebUI    --user-jwt-secret KEY     signs its header     --trust-forwarded-user, --no-verify-jwt
Other    --store URI               sqlite:<path> or memory; LATCHKEY_SECRET seals the logins in it
         --log-level LEVEL         error, warn, info, debug or verbose (also LOG_LEVEL)
         --schema-dump             print the OpenAPI of /api/..., in --schema-format yaml or json
         -n, --name, -d, --description, -v, --version TEXT     head of the OpenAPI document

Examples: latchkey demo
          latchkey --config config.json --hot-reload
          latchkey --port 8000 -- npx -y @modelcontextprotocol/server-everything
`;

/** Reads the arguments (without node and script); reads nothing else but the file of `--env-path`. */
export function parseCli(argv: readonly string[], env: Environment): ParsedCli {
  const { own, command } = splitAtDashes(argv);
  const program = buildProgram();
  try {
    program.parse(own.map(withoutTrue), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return print(HELP);
    return refuse(error.message.replace(/^error: /, ''));
  }
  const [name = 'serve', excess] = program.args;
  if (name === 'help') return print(HELP);
  if (name === 'version') return print(`${packageVersion()}\n`);
  if (!isRunnable(name)) return refuse(unknownCommand(name));
  if (excess !== undefined) return refuse(`'${excess}' is one argument too many after '${name}'`);
  if (command?.length === 0) return refuse('nothing follows --; write the command or URL of a server behind it');
  const flags = buildFlags(program.opts<RawOptions>(), command, env);
  const runs = flags.schemaDump === true && name === 'serve' ? 'dump' : name;
  const misplaced = runs === 'dump' ? undefined : misplacedDumpFlag(flags, runs);
  if (misplaced !== undefined) return refuse(misplaced);
  return { kind: 'run', command: runs, flags, env: { ...flags.variables, ...env } };
}

/** The version of latchkey itself; `--version` belongs to the OpenAPI document, as in mcpo. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}

/** Options as commander names them. */
type RawOptions = Omit<Flags & DumpFlags, 'command' | 'variables' | 'problems' | 'verifyJwt'> & {
  /** To commander a switch that is not thrown says yes. */
  readonly verifyJwt: boolean;
  readonly env?: readonly string[];
  readonly envPath?: string;
};

/** Everything behind the first `--` belongs to the server; some script runners leave a second one. */
function splitAtDashes(argv: readonly string[]): { own: readonly string[]; command?: readonly string[] } {
  const at = argv.indexOf('--');
  if (at === -1) return { own: argv };
  const rest = argv.slice(at + 1);
  return { own: argv.slice(0, at), command: rest[0] === '--' ? rest.slice(1) : rest };
}

/** The parser of acehoss/mcp-gateway takes a switch in this form, too. */
function withoutTrue(argument: string): string {
  return /^(--schemaDump|--schema-dump)=true$/.exec(argument)?.[1] ?? argument;
}

function buildProgram(): Command {
  const append = (value: string, list: readonly string[] = []) => [...list, value];
  const appendAll = (value: string, list: readonly string[] = []) => [
    ...list,
    ...value.split(',').map((s) => s.trim()),
  ];
  return new Command('latchkey')
    .argument('[command]')
    .allowExcessArguments()
    .helpOption('--help')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .option('-h, --host <host>')
    .option('-p, --port <port>')
    .option('--cors-allow-origins <origin>', '', appendAll)
    .option('-k, --api-key <key>')
    .option('--strict-auth')
    .option('-e, --env <pair>', '', append)
    .option('--env-path <file>')
    .option('--server-type, --type <type>')
    .option('-c, --config <file>')
    .option('-n, --name <text>')
    .option('-d, --description <text>')
    .option('-v, --version <text>')
    .option('-t, --ssl-certfile <file>')
    .option('-K, --ssl-keyfile <file>')
    .option('--root-path <path>')
    .option('--path-prefix <path>')
    .option('-H, --header <json>')
    .option('--oauth')
    .option('--hot-reload')
    .option('--log-level <level>')
    .option('--public-url <url>')
    .option('--allowed-host <name>', '', append)
    .option('--trust-proxy <networks>', '', appendAll)
    .option('--store <uri>')
    .option('--insecure-open')
    .option('--webui-secret-key <secret>')
    .option('--open-webui-url <url>')
    .option('--user-jwt-secret <secret>')
    .option('--trust-forwarded-user')
    .option('--no-verify-jwt')
    .option('--document-key <key>')
    .option('--anonymous-catalog <kind>')
    .option('--schema-dump, --schemaDump')
    .option('--schema-format, --schemaFormat <format>');
}

function buildFlags(options: RawOptions, command: readonly string[] | undefined, env: Environment): Flags & DumpFlags {
  const { env: pairs = [], envPath, verifyJwt, ...rest } = options;
  const problems: Problem[] = [];
  const fromPairs = readPairs(pairs, problems);
  const fromFile = envPath === undefined ? {} : readEnvFile(envPath, problems);
  const variables = Object.entries({ ...fromPairs, ...fromFile }).filter(([name]) => !Object.hasOwn(env, name));
  return {
    ...rest,
    ...(verifyJwt ? {} : { verifyJwt }),
    ...(command === undefined ? {} : { command }),
    variables: Object.fromEntries(variables),
    problems,
  };
}

/** A malformed pair is named by its place: it may be a secret without its name. */
function readPairs(pairs: readonly string[], problems: Problem[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (const [index, pair] of pairs.entries()) {
    const at = pair.indexOf('=');
    if (at > 0) entries.push([pair.slice(0, at), pair.slice(at + 1)]);
    else problems.push(problem('--env', `number ${index + 1} is not of the form NAME=value`));
  }
  return Object.fromEntries(entries);
}

function readEnvFile(path: string, problems: Problem[]): Record<string, string> {
  try {
    const parsed = parseEnv(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, value ?? '']));
  } catch (error) {
    problems.push(problem('--env-path', `cannot be read: ${messageOf(error)}`));
    return {};
  }
}

function problem(path: string, message: string): Problem {
  return { file: 'command line', path, message };
}

function isRunnable(name: string): name is CliCommand {
  return name === 'serve' || name === 'check' || name === 'dump' || name === 'demo';
}

/** What is wrong with the flags of `dump` for `command`, which is another one. */
function misplacedDumpFlag({ schemaDump, schemaFormat }: DumpFlags, command: CliCommand): string | undefined {
  if (schemaDump === true) return `--schema-dump does not go with '${command}'`;
  return schemaFormat === undefined ? undefined : '--schema-format goes with --schema-dump, or with dump';
}

function unknownCommand(name: string): string {
  const hint = didYouMean(name, COMMANDS) ?? `the command of a server goes behind --, as in: latchkey -- ${name}`;
  return `'${name}' is not a command of latchkey; ${hint}`;
}

function print(text: string): ParsedCli {
  return { kind: 'print', text, exitCode: 0, stream: 'stdout' };
}

function refuse(message: string): ParsedCli {
  const text = `latchkey: ${message.trimEnd()}\nRun latchkey --help for all options.\n`;
  return { kind: 'print', text, exitCode: 2, stream: 'stderr' };
}
