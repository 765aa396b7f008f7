/** Runs all chapters, prints them, and keeps the README in step with them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { backendChapter } from './backend-chapter.ts';
import { headerChapter } from './header-chapter.ts';
import { installOpenWebui, VERSION } from './install.ts';
import { type Chapter, tables } from './report.ts';
import { schemaChapter } from './schema-chapter.ts';
import { sessionChapter } from './session-chapter.ts';
import { openWorld, type World } from './world.ts';

const README = 'README.md';
const PLACE = /(?<=<!-- open-webui -->\n)[\s\S]*(?=<!-- \/open-webui -->)/;

const CHAPTERS: Readonly<Record<string, (world: World) => Promise<Chapter>>> = {
  session: sessionChapter,
  header: headerChapter,
  backend: backendChapter,
  schemas: schemaChapter,
};

/** The exit code: 0 where everything was as expected, and the README tells the same if it was asked. */
export async function main(args: readonly string[]): Promise<number> {
  assert.ok(existsSync('dist/main.js'), 'latchkey is not built: npm run build');
  const named = args.filter((arg) => !arg.startsWith('--'));
  const unknown = named.filter((name) => CHAPTERS[name] === undefined);
  assert.ok(
    unknown.length === 0,
    `no such chapter: ${unknown.join(', ')}; there are ${Object.keys(CHAPTERS).join(', ')}`,
  );
  // So that the end of this process is the end of all that it has started.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const chapters = await runChapters(named);
  const wrong = chapters.flatMap(({ rows }) => rows).filter(({ problem }) => problem !== undefined);
  const isStale = named.length === 0 && isStaleAfter(args, tables(chapters));
  if (isStale) console.error(`${README} has other tables; run: node scripts/open-webui.mjs --write`);
  const rows = chapters.reduce((sum, chapter) => sum + chapter.rows.length, 0);
  console.log(`\nOpen WebUI ${VERSION}: ${rows - wrong.length} of ${rows} rows as expected`);
  return isStale || wrong.length > 0 ? 1 : 0;
}

async function runChapters(named: readonly string[]): Promise<readonly Chapter[]> {
  const world = await openWorld(installOpenWebui());
  const chapters: Chapter[] = [];
  try {
    for (const [name, run] of Object.entries(CHAPTERS)) {
      if (named.length === 0 || named.includes(name)) chapters.push(await run(world));
    }
  } finally {
    await world.close();
  }
  return chapters;
}

/** True where the README is to have these very tables and has others. */
function isStaleAfter(args: readonly string[], made: string): boolean {
  if (!args.includes('--write') && !args.includes('--check')) return false;
  const text = readFileSync(README, 'utf8');
  assert.match(text, PLACE, `${README} has no place for the tables`);
  if (args.includes('--check')) return text.match(PLACE)?.[0] !== made;
  writeFileSync(
    README,
    text.replace(PLACE, () => made),
  );
  return false;
}
