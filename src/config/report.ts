/** Collects what is wrong with, or odd about, one file, so that all of it is told at once. */

import { ConfigError, type FileShape, type Problem } from './model.ts';
import { type ConfigNode, dotted, lineAt, type Path } from './tree.ts';

export class Report {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #file: string;
  readonly #root: ConfigNode | undefined;
  readonly #shape: FileShape;

  constructor(file: string, root?: ConfigNode, shape: FileShape = 'mcpServers') {
    this.#file = file;
    this.#root = root;
    this.#shape = shape;
  }

  /** Something that must be put right before we start. */
  problem(path: Path, message: string, remedy?: string, kind: Pick<Problem, 'original' | 'isUsage'> = {}): void {
    this.problems.push({ ...this.#entry(path, message, remedy), ...kind });
  }

  /** The same where `message` is in the words of acehoss/mcp-gateway. */
  problemInOriginalWords(path: Path, message: string, remedy: string): void {
    this.problem(path, message, remedy, { original: `Error: ${message}` });
  }

  /** Something that works, but perhaps not as meant. */
  warning(path: Path, message: string, remedy?: string): void {
    this.warnings.push(this.#entry(path, message, remedy));
  }

  /** Whether this very key has a problem already: what follows from it is not worth a second line. */
  has(path: Path): boolean {
    const text = dotted(path);
    return this.problems.some((problem) => problem.path === text);
  }

  /** In the order of the file. */
  throwIfAny(): void {
    if (this.problems.length === 0) return;
    const inOrder = this.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new ConfigError(inOrder, this.#shape);
  }

  #entry(path: Path, message: string, remedy: string | undefined): Problem {
    const line = lineAt(this.#root, path);
    return {
      file: this.#file,
      path: dotted(path),
      ...(line === undefined ? {} : { line }),
      message,
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
}
