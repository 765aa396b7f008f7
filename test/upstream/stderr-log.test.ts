/** What a child writes to stderr, as the log has it. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { logStderr } from '../../src/upstream/stderr-log.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';

test('control characters that JSON leaves alone are escaped', async () => {
  const stderr = new PassThrough();
  const log = new MemoryLog();
  const lines: string[] = [];
  logStderr(stderr, log, (line) => lines.push(line));
  stderr.end('a\u009b31mred\u007f é\n');
  await until(() => lines.length === 1);
  assert.deepEqual(lines, ['a\\u009b31mred\\u007f é']);
  assert.equal(log.matching(/\\u009b31m/).length, 1);
});
