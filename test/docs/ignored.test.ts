/** What people are told to put into the folder, with passwords in it, goes into no commit and no image. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const FILES = ['config.yaml', 'config.json', '.env'];

test('git does not see it, and sees files of those names elsewhere', () => {
  const ignored = (path: string): boolean => {
    const { status, stderr } = spawnSync('git', ['-c', 'core.excludesFile=', 'check-ignore', '--quiet', path]);
    assert.ok(status === 0 || status === 1, String(stderr));
    return status === 0;
  };
  for (const file of FILES) assert.ok(ignored(file), file);
  for (const file of ['demo/config.json', 'docs/config.yaml', 'docs/config.md']) assert.ok(!ignored(file), file);
});

test('Docker does not copy it', () => {
  // Without a slash a pattern means the folder itself there.
  const patterns = readFileSync('.dockerignore', 'utf8').split('\n');
  for (const file of FILES) assert.ok(patterns.includes(file), file);
});
