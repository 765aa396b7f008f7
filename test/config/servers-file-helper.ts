/** What is wrong with, or odd about, a file with `servers`, without the name of the file in front. */
import type { Configuration } from '../../src/config/model.ts';
import { load, loadYaml, problemsOf, warningsOf } from './helper.ts';

export const servers = { x: { command: 'y' } };

function withoutFile(line: string): string {
  return line.replace(/^\S+ /, '');
}

export function flaws(file: string | object): string[] {
  return problemsOf(() => (typeof file === 'string' ? loadYaml(file) : load(file))).map(withoutFile);
}

export const warnings = (config: Configuration) => warningsOf(config).map(withoutFile);
