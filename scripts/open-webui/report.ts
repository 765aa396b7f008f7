/** What was done and what came back, as rows that are right or wrong, and as tables for the README. */

/** What came back has to be this very text, or to fit. */
export type Expected = string | RegExp;

/** What most chapters tell. */
export const HEAD = ['what', "by Open WebUI's", 'what came back'];

export interface Row {
  /** Markdown; the last one is what came back. */
  readonly cells: readonly string[];
  /** Undefined: as expected. */
  readonly problem: string | undefined;
}

/** One part of the run, and one table. */
export class Chapter {
  /** Plain text. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: Row[] = [];

  constructor(title: string, head: readonly string[]) {
    this.title = title;
    this.head = head;
  }

  /** Notes one row and says it; `got` becomes its last cell, without what differs from run to run. */
  row(cells: readonly string[], got: string, expected: Expected): void {
    const shown = steady(got);
    const isRight = typeof expected === 'string' ? shown === expected : expected.test(shown);
    this.#note([...cells, code(shown)], isRight ? undefined : `expected ${expected}`);
  }

  /** Runs `tell`; where it throws, the chapter ends with a row that says so. */
  async run(tell: (chapter: this) => Promise<void>): Promise<this> {
    console.log(`\n${this.title}`);
    try {
      await tell(this);
    } catch (error) {
      this.#note(['the rest', '', ''], String(error instanceof Error ? error.stack : error));
    }
    return this;
  }

  #note(cells: readonly string[], problem: string | undefined): void {
    this.rows.push({ cells, problem });
    console.log(`${problem === undefined ? 'right' : 'WRONG'}  ${cells.join(' | ')}`);
    if (problem !== undefined) console.log(`       ${problem}`);
  }
}

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/http:\/\/(?:localhost|127\.0\.0\.1):\d+/g, 'http://latchkey'],
  [/(?<=[?&](?:ticket|key)=)[\w-]+/g, '…'],
  [/(?<=request_id[\\": ]+)[\w-]+/g, '…'],
  [/\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/g, 'XXXXX-XXXXX'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?/g, '…'],
];

/** The text on one line, with addresses, tickets, codes and times that are the same in every run. */
export function steady(text: string): string {
  return CHANGING.reduce((so, [pattern, instead]) => so.replace(pattern, instead), text.replace(/\s+/g, ' ').trim());
}

/** Markdown takes nothing in it for its own. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}

/** The chapters as Markdown, to stand between two markers; each opens at a click. */
export function tables(chapters: readonly Chapter[]): string {
  return `\n${chapters.map(table).join('\n\n')}\n\n`;
}

function table({ title, head, rows }: Chapter): string {
  const lines = [head, head.map(() => '---'), ...rows.map(({ cells }) => cells)];
  // A bar ends a cell even within code.
  const written = lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  const right = rows.filter(({ problem }) => problem === undefined).length;
  const summary = `<summary>${title}: ${right} of ${rows.length} as expected</summary>`;
  return `<details>\n${summary}\n\n${written.join('\n')}\n\n</details>`;
}
