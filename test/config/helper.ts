/** Loads configurations from text, for the tests of this folder. */

import assert from 'node:assert/strict';
import type { Environment } from '../../src/config/interpolate.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { ConfigError, type Configuration, describeProblem, type ServerConfig } from '../../src/config/model.ts';

export interface TestOptions {
  readonly file?: string;
  readonly env?: Environment;
  readonly pathPrefix?: string;
}

/** The configuration in `text` (or an object, as JSON). */
export function load(
  text: string | object,
  { file = '/srv/config.json', env = {}, ...rest }: TestOptions = {},
): Configuration {
  const source = typeof text === 'string' ? text : JSON.stringify(text);
  return parseConfiguration(source, file, { env, ...rest });
}

export function loadYaml(text: string, options: TestOptions = {}): Configuration {
  return load(text, { file: '/srv/config.yaml', ...options });
}

/** The one server of a file that holds this entry. */
export function server(entry: object, options: TestOptions = {}): ServerConfig {
  const config = load({ mcpServers: { x: entry } }, options);
  const found = config.servers.get('x');
  assert.ok(found);
  return found;
}

/** The lines of the ConfigError that `run` throws; fails if it does not. */
export function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(describeProblem);
  }
  assert.fail('no ConfigError was thrown');
}

/** What is wrong with an entry. */
export function entryProblems(entry: unknown, options: TestOptions = {}): string[] {
  return problemsOf(() => load({ mcpServers: { x: entry } }, options));
}

export function warningsOf(config: Configuration): string[] {
  return config.warnings.map(describeProblem);
}
