/** From a file (or a single command) to a Configuration, or to everything that is wrong with it at once. */

import { dirname, resolve } from 'node:path';
import { deepFreeze } from './freeze.ts';
import { buildGatewayKeys, GATEWAY_KEYS } from './gateway-keys.ts';
import { type Environment, interpolate, variablesIn } from './interpolate.ts';
import { configJsonSchema, serverJsonSchema } from './json-schema.ts';
import { ConfigError, type Configuration, type FileShape, type Problem, type ServerConfig } from './model.ts';
import { parseText } from './parse.ts';
import { readText } from './read.ts';
import { Report } from './report.ts';
import { buildServer } from './server.ts';
import { checkServerName } from './server-name.ts';
import { checkFileShape, checkPortThere, shapeOf, shapeOfText } from './shape.ts';
import { type SingleSource, singleConfiguration } from './single.ts';
import { type ConfigNode, child, type MapNode, type Path } from './tree.ts';
import { reportUnknownKeys } from './unknown-keys.ts';
import { type VariableUse, withheldFrom } from './withheld.ts';

export interface FileSource {
  readonly kind: 'file';
  readonly path: string;
  /** As somebody wrote it; default: `path`. */
  readonly given?: string;
  /** What a file is that does not tell; default: mcpo's. */
  readonly likely?: FileShape;
}

/** Where the servers come from. */
export type ConfigSource = SingleSource | FileSource;

export interface LoadOptions {
  /** What `${VAR}` is looked up in. */
  readonly env: Environment;
  /** Normalised, `/` or `/pre/`; under a prefix all server names are free. */
  readonly pathPrefix?: string;
  /** True: the command line says the port, which a file with `servers` needs not then. */
  readonly hasPort?: boolean;
}

/** Reads the configuration, at start and for every reload; throws ConfigError with all problems. */
export async function loadConfiguration(source: ConfigSource, options: LoadOptions): Promise<Configuration> {
  if (source.kind === 'single') return singleConfiguration(source);
  const { path, given = path, likely = 'mcpServers' } = source;
  const text = await readText(path, given).catch((error: unknown) => {
    throw error instanceof ConfigError ? new ConfigError(error.problems, likely) : error;
  });
  return parseConfiguration(text, path, options, likely);
}

/**
 * The part of `loadConfiguration` that does no reading; `file` gives the format and the base of relative paths, `likely` is as
 * in `FileSource`.
 */
export function parseConfiguration(
  text: string,
  file: string,
  options: LoadOptions,
  likely: FileShape = 'mcpServers',
): Configuration {
  const { root, problems } = parseText(text.replace(/^\uFEFF/, ''), file);
  const shape = root === undefined ? shapeOfText(text, likely) : shapeOf(root, likely);
  const report = new Report(file, root, shape);
  report.problems.push(...problems.map(asParseError));
  if (root === undefined && problems.length === 0) report.problem([], 'is empty', `it needs the key ${shape}`);
  if (root === undefined) report.throwIfAny();
  if (shape === 'servers' && options.hasPort !== true) checkPortThere(root as ConfigNode, report);
  const servers = checkFileShape(root as ConfigNode, shape, report);
  const configuration = new Loader(root as MapNode, shape, dirname(resolve(file)), options, report).build(servers);
  report.throwIfAny();
  return deepFreeze(configuration);
}

/** The parser of acehoss/mcp-gateway is that of YAML, whatever it reads. */
function asParseError(problem: Problem): Problem {
  const { path, line = 1, message } = problem;
  const reason = message.replace(/^is not valid \w+: /, '');
  return { ...problem, original: `YAMLParseError: ${path === '' ? '' : `${path}: `}${reason} at line ${line}` };
}

class Loader {
  readonly #root: MapNode;
  readonly #shape: FileShape;
  readonly #baseDir: string;
  readonly #options: LoadOptions;
  readonly #report: Report;

  constructor(root: MapNode, shape: FileShape, baseDir: string, options: LoadOptions, report: Report) {
    this.#root = root;
    this.#shape = shape;
    this.#baseDir = baseDir;
    this.#options = options;
    this.#report = report;
  }

  build(entries: ReadonlyMap<string, MapNode>): Configuration {
    const gatewayNode = this.#interpolated(this.#gatewayNode(), []) as MapNode;
    reportUnknownKeys(this.#root, { ...configJsonSchema, properties: topLevel() }, [], this.#report);
    const gateway = buildGatewayKeys(gatewayNode, this.#shape, this.#baseDir, this.#report);
    const variables = this.#variables(entries);
    const servers = new Map<string, ServerConfig>();
    const disabled: string[] = [];
    for (const [name, node] of entries) {
      checkServerName([this.#shape, name], this.#options.pathPrefix ?? '/', this.#report);
      reportUnknownKeys(node, serverJsonSchema, [this.#shape, name], this.#report);
      if (isDisabled(node)) disabled.push(name);
      else this.#add(servers, name, node, withheldFrom(name, variables));
    }
    return { shape: this.#shape, servers, gateway, warnings: this.#report.warnings, disabled };
  }

  #add(servers: Map<string, ServerConfig>, name: string, node: MapNode, withheldEnv: readonly string[]): void {
    const filled = this.#interpolated(node, [this.#shape, name]) as MapNode;
    const server = buildServer(name, filled, {
      shape: this.#shape,
      report: this.#report,
      baseDir: this.#baseDir,
      withheldEnv,
      home: this.#options.env.HOME,
    });
    if (server !== undefined) servers.set(name, server);
  }

  /** Which variables each entry uses, and the gateway itself; disabled entries keep theirs to themselves too. */
  #variables(entries: ReadonlyMap<string, MapNode>): VariableUse {
    const servers = new Map([...entries].map(([name, node]) => [name, variablesIn(node)]));
    return { gateway: variablesIn(this.#gatewayNode()), servers };
  }

  #gatewayNode(): MapNode {
    return { ...this.#root, entries: new Map([...this.#root.entries].filter(([key]) => GATEWAY_KEYS.includes(key))) };
  }

  #interpolated(node: ConfigNode, base: Path): ConfigNode {
    return interpolate(node, this.#options.env, {
      unset: (path, variable) =>
        this.#report.problem(
          [...base, ...path],
          `the variable ${variable} is not set`,
          `set it, or give a default: \${${variable}:-...}`,
        ),
      odd: (path, text) =>
        this.#report.warning(
          [...base, ...path],
          `'${text}' is neither \${NAME} nor \${NAME:-default} and is left as it is`,
          `write $${text} if it is meant so`,
        ),
    });
  }
}

function isDisabled(node: MapNode): boolean {
  const flag = child(node, 'disabled');
  return flag?.kind === 'scalar' && flag.value === true;
}

/** The entries are looked at one by one. */
function topLevel(): NonNullable<typeof configJsonSchema.properties> {
  return { ...configJsonSchema.properties, mcpServers: {}, servers: {} };
}
