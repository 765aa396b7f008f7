/** Announcements of changed lists, and how many of them a caller gets. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Changes } from '../../../src/mcp/aggregate/changes.ts';
import type { ChangedList } from '../../../src/mcp/capabilities.ts';

describe('changes of lists', () => {
  let told: ChangedList[];
  let changes: Changes;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    told = [];
    changes = new Changes((list) => told.push(list));
  });
  afterEach(() => {
    changes.close();
    mock.timers.reset();
  });

  function storm(seconds: number): void {
    for (let tenths = 0; tenths < 10 * seconds; tenths += 1) {
      changes.changed('tools');
      mock.timers.tick(100);
    }
  }

  test('within a moment are told once, and soon', () => {
    changes.changed('tools');
    changes.changed('tools');
    changes.changed('prompts');
    mock.timers.tick(50);
    assert.deepEqual(told, ['tools', 'prompts']);
  });

  test('that keep coming are told less and less often, and never given up', () => {
    storm(60);
    // At once, and then after 1, 2, ... 10 seconds.
    assert.ok(told.length >= 9 && told.length <= 12, `${told.length}`);
    told = [];
    storm(60);
    assert.ok(told.length >= 5 && told.length <= 7, `${told.length}`);
  });

  test('are told soon again after a calm, and those of another list always', () => {
    storm(60);
    told = [];
    changes.changed('resources');
    mock.timers.tick(50);
    assert.ok(told.includes('resources'));
    mock.timers.tick(60_000);
    told = [];
    changes.changed('tools');
    mock.timers.tick(50);
    assert.deepEqual(told, ['tools']);
  });
});
