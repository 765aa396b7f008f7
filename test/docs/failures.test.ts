/** The guide to logins lists every code that a person or a caller may see, with the statuses that it comes with. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

interface Listed {
  readonly code: string;
  readonly statuses: string;
}

const [, chapter = ''] = readFileSync('OAUTH_GUIDE.md', 'utf8').split('\n## When something fails\n');
const [logins = '', others = ''] = (chapter.split('\n## ')[0] ?? '').split('Others that may come in between:');

const errors = readFileSync('src/errors.ts', 'utf8');
const sources = readdirSync('src', { recursive: true })
  .map((name) => join('src', String(name)))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

/** They stand behind the codes of logins, and have nothing to do with them. */
const ANY_REQUEST = ['internal'];

/** The ways in which errors are made, each with a code and a status. */
const MADE = [
  /\bcode: '(\w+)',\s*status: (\d{3})/g,
  /\bGatewayError\(\s*'(\w+)',\s*(\d{3})/g,
  /\b(?:unauthorized)\('(\w+)'()/g,
];

function listedIn(table: string): Listed[] {
  const rows = [...table.matchAll(/^\| `(\w+)` \| ([\d, ]+) \|/gm)];
  return rows.map(([, code = '', statuses = '']) => ({ code, statuses }));
}

function codesIn(text: string): string[] {
  return [...text.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code = '']) => code);
}

/** As the guide writes them: ascending, with commas. */
function statusesOf(code: string): string {
  const statuses = MADE.flatMap((pattern) => [...sources.matchAll(pattern)])
    .filter(([, made]) => made === code)
    .map(([, , status]) => status || '401');
  return [...new Set(statuses)].sort().join(', ');
}

describe('the table of failures in the guide to logins', () => {
  it('has every code of logins, and no other', () => {
    const [, own = ''] = errors.split('// A server with logins, seen by a caller.');
    assert.deepEqual(
      listedIn(logins).map(({ code }) => code),
      codesIn(own).filter((code) => !ANY_REQUEST.includes(code)),
    );
  });

  it('knows the codes of the others', () => {
    const all = codesIn(errors);
    assert.ok(listedIn(others).length > 0);
    for (const { code } of listedIn(others)) assert.ok(all.includes(code), code);
  });

  it('says the statuses that the codes come with', () => {
    for (const { code, statuses } of [...listedIn(logins), ...listedIn(others)])
      assert.equal(statuses, statusesOf(code), code);
  });
});
