/** Snippets to paste: right for each client, and harmless in a shell and in JSON whatever a server is called. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { entryName, mcpSnippets, type SnippetFacts, shellWord } from '../../src/web/mcp-snippets.ts';

const URL = 'http://localhost:8000/notes/mcp';
const FACTS: SnippetFacts = {
  name: 'notes',
  url: URL,
  documentUrl: 'http://localhost:8000/notes/openapi.json',
  token: 'lk_abc-DEF_1',
};
const HOSTILE = [
  `a'b; touch PWNED`,
  '$(touch PWNED)',
  '`touch PWNED`',
  'a"b',
  '-x',
  '--scope',
  'a&b|c',
  'a\nb',
  "''",
  '\\',
];

function textOf(client: string, facts = FACTS): string {
  const found = mcpSnippets(facts).find((snippet) => snippet.client === client);
  assert.ok(found);
  return found.text;
}

/** What a shell makes of a command: its words. */
function words(command: string): string[] {
  const { stdout } = spawnSync('sh', ['-c', `set -- ${command}\nprintf '%s\\0' "$@"`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

describe('the snippets of an MCP address', () => {
  it('are what each client takes', () => {
    const header = 'Authorization: Bearer lk_abc-DEF_1';
    assert.equal(
      textOf('Claude Code'),
      `claude mcp add --transport http notes ${URL} --header "${header}"`,
      'the header last: it takes all words behind it',
    );
    const headers = { Authorization: 'Bearer lk_abc-DEF_1' };
    assert.deepEqual(JSON.parse(textOf('Cursor')), { mcpServers: { notes: { url: URL, headers } } });
    assert.deepEqual(JSON.parse(textOf('VS Code')), { servers: { notes: { type: 'http', url: URL, headers } } });
    assert.deepEqual(words(textOf('curl')), ['curl', FACTS.documentUrl, '--header', header]);
  });

  it('name no credential where none is asked for', () => {
    for (const { client, text } of mcpSnippets({ ...FACTS, token: undefined })) {
      assert.doesNotMatch(text, /header|Authorization|Bearer/, client);
      assert.match(text, /localhost:8000\/notes/, client);
    }
  });

  it('are one word for each thing in a shell, whatever it is called', () => {
    for (const odd of HOSTILE) {
      const facts = { ...FACTS, name: odd, url: `http://h/${odd}/mcp`, documentUrl: `http://h/${odd}/openapi.json` };
      const [claude, mcp, add, transport, http, name, url, ...rest] = words(textOf('Claude Code', facts));
      assert.deepEqual([claude, mcp, add, transport, http], ['claude', 'mcp', 'add', '--transport', 'http']);
      assert.match(name ?? '', /^[A-Za-z0-9_][A-Za-z0-9_-]*$/, odd);
      assert.equal(url, facts.url);
      assert.deepEqual(rest, ['--header', 'Authorization: Bearer lk_abc-DEF_1']);
      assert.equal(words(textOf('curl', facts))[1], facts.documentUrl);
      for (const client of ['Cursor', 'VS Code']) {
        const [servers] = Object.values(JSON.parse(textOf(client, facts))) as Record<string, { url: string }>[];
        assert.deepEqual(
          Object.values(servers ?? {}).map((entry) => entry.url),
          [facts.url],
          client,
        );
      }
    }
  });

  it('keep a name as near as may be', () => {
    const names = ['notes', 'a/b c', '--x--', 'größe', '日本', '__proto__'];
    assert.deepEqual(
      names.map((name) => entryName(name)),
      ['notes', 'a-b-c', 'x', 'gr-e', 'server-cf2abf', '__proto__'],
    );
    const entry = JSON.parse(textOf('Cursor', { ...FACTS, name: '__proto__' })).mcpServers;
    assert.deepEqual(Object.keys(entry), ['__proto__']);
  });
});

describe('the names of entries on one page', () => {
  it('are never the same, also where servers have letters that no client takes', () => {
    const names = ['latchkey', 'a-b', 'a b', 'a/b', '日本', '中国', 'größe', 'grüße'];
    const entries = names.map((name) =>
      entryName(
        name,
        names.filter((other) => other !== name),
      ),
    );
    assert.equal(new Set([...entries, entryName('latchkey', names)]).size, names.length + 1);
    for (const entry of entries) assert.match(entry, /^[A-Za-z0-9_][A-Za-z0-9_-]*$/);
    assert.equal(entries[0], 'latchkey', 'which no other server has');
  });

  it('do not change for what is called otherwise', () => {
    assert.match(textOf('Claude Code', { ...FACTS, others: ['time', 'note'] }), / http notes /);
    assert.match(textOf('Claude Code', { ...FACTS, name: 'a b', others: ['a-b'] }), / http a-b-[0-9a-f]{6} /);
  });
});

describe('shellWord', () => {
  it('leaves alone what is harmless', () => {
    assert.equal(shellWord(URL), URL);
    assert.equal(shellWord('http://h/a%20b'), 'http://h/a%20b');
    assert.equal(shellWord(''), "''");
  });
});
