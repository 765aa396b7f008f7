/** What a person reads, and a script sees, of a configuration that cannot be used. */
import { COMMAND_LINE, type ConfigError, describeProblem, ENVIRONMENT, type Problem } from '../config/model.ts';

/**
 * The lines for stderr, and the exit code: 2. A broken file with `servers` begins with the words of acehoss/mcp-gateway and has
 * its exit code 1, unless there is also something wrong beside the file.
 */
export function describeFailure({ problems, shape }: ConfigError): { readonly text: string; readonly exitCode: 1 | 2 } {
  const ofFile = shape === 'servers' ? problems.filter(isOfFile) : [];
  // What a parser says comes first: all else may follow from it.
  const told = ofFile.filter(({ original }) => original !== undefined);
  const first = told.find(({ original }) => original?.startsWith('YAMLParseError')) ?? told[0] ?? ofFile[0];
  const lines = problems.map((problem) => `error: ${describeProblem(problem)}\n`);
  if (first === undefined) return { text: lines.join(''), exitCode: 2 };
  const head = `Failed to load configuration: ${first.original ?? `Error: ${withoutLine(first)}`}\n`;
  return { text: [head, ...lines].join(''), exitCode: ofFile.length === problems.length ? 1 : 2 };
}

function isOfFile({ file, isUsage }: Problem): boolean {
  return isUsage !== true && file !== COMMAND_LINE && file !== ENVIRONMENT;
}

function withoutLine({ file, path, message }: Problem): string {
  return path === '' ? `${file} ${message}` : `${path}: ${message}`;
}
