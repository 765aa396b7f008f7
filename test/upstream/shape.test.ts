/** Which JSON texts are read at all. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMessages } from '../../src/upstream/peer/batch.ts';
import { type Message, requestMessage } from '../../src/upstream/peer/message.ts';
import { OpenRequests } from '../../src/upstream/peer/open-requests.ts';
import { hasMethod, isBearable, MOST_DEPTH, MOST_VALUES } from '../../src/upstream/shape.ts';

const PADDING = ' '.repeat(2_000);
const nested = (depth: number): string => `${'['.repeat(depth)}${PADDING}${']'.repeat(depth)}`;
const wide = (values: number): string => `[${'0,'.repeat(values - 2)}0]`;

describe('a JSON text', () => {
  test('is bearable up to so many levels and values, and no further', () => {
    assert.equal(isBearable(nested(MOST_DEPTH)), true);
    assert.equal(isBearable(nested(MOST_DEPTH + 1)), false);
    assert.equal(isBearable(wide(MOST_VALUES)), true);
    assert.equal(isBearable(wide(MOST_VALUES + 2)), false);
  });

  test('may hold any brackets, commas and quotes within strings', () => {
    const string = JSON.stringify('[{,"\\'.repeat(MOST_VALUES / 2));
    assert.equal(isBearable(`{"a":${string},"b":${JSON.stringify('\\')}}`), true);
    assert.equal(isBearable(`{"a":${string},"b":${nested(MOST_DEPTH)}}`), false);
  });

  test('has a method only where the object itself has', () => {
    assert.equal(hasMethod('{"id":"{\\"","params":[{}], "method" : "x"}'), true);
    for (const text of ['{"id":"method","result":{"method":1}}', '[{"method":1}]', '{"a":"method"}', '"method":1']) {
      assert.equal(hasMethod(text), false, text);
    }
  });
});

describe('what is not bearable', () => {
  const deep = nested(MOST_DEPTH + 1);

  test('is an error that names the limit where it answers, and nothing where it does not', () => {
    const [answer, ...more] = readMessages(`{"jsonrpc":"2.0","id":1,"result":${deep}}`);
    assert.equal(more.length, 0);
    assert.equal(answer?.id, undefined);
    assert.match(String(answer?.error?.message), /512 levels/);
    assert.deepEqual(answer?.error?.data, { error: 'bad_upstream_answer' });
    assert.deepEqual(readMessages(`{"jsonrpc":"2.0","method":"notifications/x","params":${deep}}`), []);
  });

  test('fails the request that it answers, and no other', () => {
    const unrelated: Message[] = [];
    const failures: [number, unknown][] = [];
    const open = new OpenRequests((message) => unrelated.push(message));
    for (const id of [1, 2]) {
      const onFailure = (error: unknown): void => void failures.push([id, error]);
      const request = requestMessage(id, 'tools/call');
      open.add(request, { onMessage: () => assert.fail(), onAnswer: () => assert.fail(), onFailure });
    }
    for (const text of [
      `{"jsonrpc":"2.0","method":"x","params":${deep}}`,
      `{"jsonrpc":"2.0","id":2,"result":${deep}}`,
    ]) {
      open.receive(JSON.parse(text), text);
    }
    assert.deepEqual(
      failures.map(([id]) => id),
      [2],
    );
    assert.match(String(failures[0]?.[1]), /512 levels/);
    assert.deepEqual(unrelated, []);
  });
});
