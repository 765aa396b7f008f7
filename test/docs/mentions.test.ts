/** What the documents name is there: scripts, flags, files, and the commands of the guides. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCli } from '../../src/cli.ts';

const files = [
  'README.md',
  'CONTRIBUTING.md',
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

    it(`${file} links to files that exist`, () => {
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        assert.ok(existsSync(join(dirname(file), target)), target);
      }
    });
  }
});
