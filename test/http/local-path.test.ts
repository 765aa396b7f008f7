/** Return paths: ours are kept, and everything that a browser could take for another site becomes `/`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localPath } from '../../src/http/local-path.ts';

describe('localPath', () => {
  it('keeps paths of ours, with query and fragment', () => {
    for (const path of [
      '/',
      '/notes/docs',
      '/?connected=notes',
      '/notes/docs?a=1&b=%2F#x',
      '/a%20b',
      '/a:b@c',
      '/x?next=//evil',
    ]) {
      assert.equal(localPath(path), path);
    }
    assert.equal(localPath(`/${'a'.repeat(999)}`).length, 1000);
  });

  it('takes everything else for the root', () => {
    const bad = [
      ...['', ' /', 'x', 'notes/docs', '?a', '#a', '.', './a', '../a'],
      ...['//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', '/a\\b', '\\/evil.example'],
      ...[
        'https://evil.example',
        'https:evil.example',
        'HTTPS:/evil.example',
        'javascript:alert(1)',
        'data:text/html,x',
      ],
      ...[
        '/\t/evil.example',
        '/\n/evil.example',
        '/\r\nlocation: x',
        '\t//evil.example',
        '/a b',
        '/\u00a0x',
        '/é',
        '/\u2028',
      ],
      ...['/./\\evil.example', '/..//evil.example', '/.//evil.example', '/a/..//evil.example', '/%2e%2e//evil.example'],
      `/${'a'.repeat(1000)}`,
    ];
    for (const path of bad) assert.equal(localPath(path), '/', JSON.stringify(path));
    assert.equal(localPath(undefined), '/');
    assert.equal(localPath(null), '/');
  });

  it('never names another site, however a browser resolves it', () => {
    const parts = ['/', '\\', '.', '..', '%2e', '%2f', '%5c', '@', ':', 'evil.example', '\t', '?', '#', ' '];
    for (const a of parts) {
      for (const b of parts) {
        for (const c of parts) {
          const path = localPath(`/${a}${b}${c}`);
          assert.equal(new URL(path, 'https://ours.example').origin, 'https://ours.example', JSON.stringify([a, b, c]));
          assert.doesNotMatch(path, /^\/[/\\]/);
        }
      }
    }
  });
});
