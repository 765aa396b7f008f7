/** What a caller may be asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askingCapabilities, mayAsk } from '../../../src/mcp/translate/rounds-capabilities.ts';
import { type JsonObject, requestMessage } from '../../../src/upstream/peer/message.ts';

test('only what lets a server ask back counts, and of that only what revisions know', () => {
  const declared = {
    elicitation: { form: { applyDefaults: true }, url: {}, other: {} },
    sampling: { tools: {}, context: {}, tools2: {} },
    roots: { listChanged: true },
    experimental: { x: {} },
    extensions: {},
  };
  assert.deepEqual(askingCapabilities(declared), {
    elicitation: { form: {}, url: {} },
    sampling: { context: {}, tools: {} },
    roots: {},
  });
  assert.deepEqual(askingCapabilities({ elicitation: true, sampling: [], roots: null }), {});
});

test('a question needs the very capability', () => {
  const cases: readonly [JsonObject, string, JsonObject, boolean][] = [
    [{ elicitation: {} }, 'elicitation/create', {}, true],
    [{ elicitation: {} }, 'elicitation/create', { mode: 'form' }, true],
    [{ elicitation: {} }, 'elicitation/create', { mode: 'url' }, false],
    [{ elicitation: { url: {} } }, 'elicitation/create', { mode: 'url' }, true],
    [{ elicitation: { url: {} } }, 'elicitation/create', {}, false],
    [{ elicitation: { form: {}, url: {} } }, 'elicitation/create', {}, true],
    [{ sampling: {} }, 'sampling/createMessage', {}, true],
    [{ sampling: {} }, 'sampling/createMessage', { tools: [] }, false],
    [{ sampling: {} }, 'sampling/createMessage', { toolChoice: {} }, false],
    [{ sampling: { tools: {} } }, 'sampling/createMessage', { tools: [] }, true],
    [{ sampling: {} }, 'roots/list', {}, false],
    [{ roots: {} }, 'roots/list', {}, true],
    [{ roots: {}, sampling: {}, elicitation: {} }, 'x/ask', {}, false],
  ];
  for (const [declared, method, params, allowed] of cases) {
    const question = requestMessage(1, method, params);
    assert.equal(mayAsk(declared, question), allowed, JSON.stringify([declared, method, params]));
  }
});
