/** From a file (or a single command) to a Configuration, or to everything that is wrong with it at once. */

import { dirname, resolve } from 'node:path';
import { deepFreeze } from './freeze.ts';
import { buildGatewayKeys, GATEWAY_KEYS } from './gateway-keys.ts';
import { type Environment, interpolate, variablesIn } from './interpolate.ts';
import { configJsonSchema, serverJsonSchema } from './json-schema.ts';
import type { Configuration, ServerConfig } from './model.ts';
import { parseText } from './parse.ts';
import { readText } from './read.ts';
import { Report } from './report.ts';
import { buildServer } from './server.ts';
import { checkServerName } from './server-name.ts';
import { checkFileShape } from './shape.ts';
import { type SingleSource, singleConfiguration } from './single.ts';
import { type ConfigNode, child, type MapNode, type Path } from './tree.ts';
import { reportUnknownKeys } from './unknown-keys.ts';
import { type VariableUse, withheldFrom } from './withheld.ts';

/** Where the servers come from. */
export type ConfigSource = SingleSource | { readonly kind: 'file'; readonly path: string };

export interface LoadOptions {
  /** What `${VAR}` is looked up in. */
  readonly env: Environment;
  /** Normalised, `/` or `/pre/`; under a prefix all server names are free. */
  readonly pathPrefix?: string;
}

/** Reads the configuration, at start and for every reload; throws ConfigError with all problems. */
export async function loadConfiguration(source: ConfigSource, options: LoadOptions): Promise<Configuration> {
  if (source.kind === 'single') return singleConfiguration(source);
  return parseConfiguration(await readText(source.path), source.path, options);
}

/** The part of `loadConfiguration` that does no reading; `file` gives the format and the base of relative paths. */
export function parseConfiguration(text: string, file: string, options: LoadOptions): Configuration {
  const { root, problems } = parseText(text.replace(/^\uFEFF/, ''), file);
  const report = new Report(file, root);
  report.problems.push(...problems);
  if (root === undefined && problems.length === 0) report.problem([], 'is empty', 'it needs the key mcpServers');
  if (root === undefined) report.throwIfAny();
  const servers = checkFileShape(root as ConfigNode, report);
  const configuration = new Loader(root as MapNode, dirname(resolve(file)), options, report).build(servers);
  report.throwIfAny();
  return deepFreeze(configuration);
}

class Loader {
  readonly #root: MapNode;
  readonly #baseDir: string;
  readonly #options: LoadOptions;
  readonly #report: Report;

  constructor(root: MapNode, baseDir: string, options: LoadOptions, report: Report) {
    this.#root = root;
    this.#baseDir = baseDir;
    this.#options = options;
    this.#report = report;
  }

  build(entries: ReadonlyMap<string, MapNode>): Configuration {
    const gatewayNode = this.#interpolated(this.#gatewayNode(), []) as MapNode;
    reportUnknownKeys(this.#root, { ...configJsonSchema, properties: topLevel() }, [], this.#report);
    const gateway = buildGatewayKeys(gatewayNode, this.#baseDir, this.#report);
    const variables = this.#variables(entries);
    const servers = new Map<string, ServerConfig>();
    const disabled: string[] = [];
    for (const [name, node] of entries) {
      checkServerName(name, this.#options.pathPrefix ?? '/', this.#report);
      reportUnknownKeys(node, serverJsonSchema, ['mcpServers', name], this.#report);
      if (isDisabled(node)) disabled.push(name);
      else this.#add(servers, name, node, withheldFrom(name, variables));
    }
    return { shape: 'mcpServers', servers, gateway, warnings: this.#report.warnings, disabled };
  }

  #add(servers: Map<string, ServerConfig>, name: string, node: MapNode, withheldEnv: readonly string[]): void {
    const filled = this.#interpolated(node, ['mcpServers', name]) as MapNode;
    const server = buildServer(name, filled, {
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

/** The entries of `mcpServers` are looked at one by one. */
function topLevel(): NonNullable<typeof configJsonSchema.properties> {
  return { ...configJsonSchema.properties, mcpServers: {} };
}
