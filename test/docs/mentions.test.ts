/** What the documents name is there: scripts, flags, files, and the commands of the guides. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCli } from '../../src/cli.ts';

const files = [
  'README.md',
  'OAUTH_GUIDE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true }).map((name) => join('docs', String(name))),
];
const documents = files
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

describe('the documents', () => {
  for (const { file, text } of documents) {
    it(`${file} names scripts that exist`, () => {
      for (const [, script = ''] of text.matchAll(/npm run (?:--silent )?([\w-]+)/g))
        assert.ok(manifest.scripts[script], script);
    });

    it(`${file} shows latchkey commands that parse`, () => {
      const commands = [...text.matchAll(/(?:`|^|npx )latchkey ((?:-|serve|check|dump|demo)[^`\n]*)/gm)];
      for (const [, args = ''] of commands) {
        const words = [...args.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
        const parsed = parseCli(words, {});
        assert.ok(
          parsed.kind === 'run' || parsed.exitCode === 0,
          `${args}: ${parsed.kind === 'print' ? parsed.text : ''}`,
        );
      }
    });

    it(`${file} links to files and chapters that exist`, () => {
      for (const [, target = '', chapter] of text.matchAll(/\]\(([^)#:]*)(?:#([^):]*))?\)/g)) {
        const path = target === '' ? file : join(dirname(file), target);
        assert.ok(existsSync(path), target);
        if (chapter !== undefined) assert.ok(chaptersOf(path).includes(chapter), `${path} has no chapter ${chapter}`);
      }
    });

    it(`${file} shows pictures that exist`, () => {
      for (const [, picture = ''] of text.matchAll(/\b(?:src|srcset)="([^"]+)"/g))
        assert.ok(existsSync(join(dirname(file), picture)), picture);
    });
  }
});

describe('the package', () => {
  // npm packs these unasked.
  const packed: string[] = [...manifest.files, 'README.md', 'LICENSE', 'package.json'];
  const isPacked = (path: string): boolean => packed.some((entry) => path === entry || path.startsWith(`${entry}/`));

  it('holds what its guides link to', () => {
    for (const { file, text } of documents.filter(({ file }) => file !== 'README.md' && isPacked(file))) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^):]*)?\)/g)) {
        assert.ok(isPacked(join(dirname(file), target)), `${file} links to ${target}`);
      }
    }
  });
});

/** The anchors of a document's headings, as they are made where it is shown: lower case, hyphens for spaces. */
function chaptersOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
