/** Questions of a server with sessions, as rounds of a stateless caller. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../src/upstream/peer/message.ts';
import { until } from '../../helpers/wait.ts';
import { askingChild } from '../asking-server.ts';
import { acceptAll, httpStory, keysOf, MAY_ASK_ALL, META, ModernCaller, Story } from './legacy-as-modern-story.ts';

const ASK = { questions: ['A?', 'B?'] };

async function questionsOf(caller: ModernCaller, name: string, args: JsonObject): Promise<JsonObject> {
  const round = await caller.call(name, args).result();
  assert.equal(round.resultType, 'input_required', JSON.stringify(round));
  return round;
}

test('what a server asks at once comes in one round, and its answers reach it', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const round = await questionsOf(ann, 'ask', ASK);
  const keys = keysOf(round);
  assert.deepEqual(Object.keys(keys).sort(), ['A?', 'B?']);
  assert.deepEqual((round.inputRequests as JsonObject)[keys['A?'] as string], {
    method: 'elicitation/create',
    params: { message: 'A?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
  });
  assert.match(String(round.requestState), /^[\w-]{43}$/);
  assert.ok((round._meta as JsonObject)[`${META}/serverInfo`]);
  const done = await ann.answer('ask', ASK, round, { ...acceptAll(round), foreign: { action: 'decline' } });
  assert.deepEqual(JSON.parse(await done.text()), [
    { action: 'accept', content: { name: 'A?!' } },
    { action: 'accept', content: { name: 'B?!' } },
  ]);
  assert.equal(done.answer?.id, 2);
  assert.deepEqual([story.rounds.size, server.record.calls.length], [0, 1]);
});

test('a server that asks again gets another round', async (t) => {
  for (const make of [async () => (await httpStory(t)).story, async () => new Story(t, askingChild())]) {
    const ann = new ModernCaller(await make(), 'ann', MAY_ASK_ALL);
    const args = { questions: ['A?', 'B?', 'C?'] };
    let round = await questionsOf(ann, 'ask-in-turn', args);
    const states = [round.requestState];
    for (const expected of ['B?', 'C?']) {
      round = await ann.answer('ask-in-turn', args, round, acceptAll(round)).result();
      assert.deepEqual(Object.keys(keysOf(round)), [expected]);
      states.push(round.requestState);
    }
    const done = ann.answer('ask-in-turn', args, round, acceptAll(round));
    assert.equal(JSON.parse(await done.text()).length, 3);
    assert.equal(new Set(states).size, 3);
  }
});

test('sampling and roots are asked like that, and prompts ask, too', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const sampling = await questionsOf(ann, 'sample', {});
  const [key, request] = Object.entries(sampling.inputRequests as JsonObject)[0] as [string, JsonObject];
  assert.equal(request.method, 'sampling/createMessage');
  const said = { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm', 'x-extra': 1 };
  assert.deepEqual(JSON.parse(await ann.answer('sample', {}, sampling, { [key]: said }).text()), said);

  const roots = await questionsOf(ann, 'roots', {});
  const rootsKey = Object.keys(roots.inputRequests as JsonObject)[0] as string;
  const response = { roots: [{ uri: 'file:///home/ann' }] };
  assert.deepEqual(JSON.parse(await ann.answer('roots', {}, roots, { [rootsKey]: response }).text()), response);

  const prompt = await ann.ask('prompts/get', { name: 'p' }).result();
  const { requestState } = prompt;
  const inputResponses = acceptAll(prompt);
  const { messages } = await ann.ask('prompts/get', { name: 'p', requestState, inputResponses }).result();
  assert.match(JSON.stringify(messages), /Who\?!/);
  assert.deepEqual(server.record.clients, [{ elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }]);
});

test('a server learns exactly what a caller may be asked, and never asks beyond that', async (t) => {
  const { story } = await httpStory(t);
  const declared = async (capabilities: JsonObject): Promise<unknown> =>
    JSON.parse(await new ModernCaller(story, 'ann', capabilities).call('capabilities').text());
  assert.deepEqual(await declared({}), {});
  assert.deepEqual(await declared({ elicitation: {}, experimental: { x: {} }, nonsense: {} }), {
    elicitation: { form: {} },
  });
  assert.deepEqual(await declared({ sampling: { tools: {} } }), { sampling: { tools: {} } });
  for (const capabilities of [{}, { sampling: {} }, { elicitation: { url: {} } }]) {
    const asked = new ModernCaller(story, 'ann', capabilities).call('ask', ASK);
    assert.match((await asked.answered()).text, /not support/);
  }
  assert.equal(story.rounds.size, 0);
});

test('a missing answer is asked for again, under a fresh state', async (t) => {
  const { story } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const first = await questionsOf(ann, 'ask', ASK);
  const [key] = Object.keys(first.inputRequests as JsonObject) as [string];
  let round = first;
  for (const partial of [{ [key]: { action: 'accept' } }, {}, { [key]: 'yes' }]) {
    const again = await ann.answer('ask', ASK, round, partial).result();
    assert.equal(again.resultType, 'input_required');
    assert.deepEqual(again.inputRequests, first.inputRequests);
    assert.notEqual(again.requestState, round.requestState);
    round = again;
  }
  assert.equal(JSON.parse(await ann.answer('ask', ASK, round, acceptAll(round)).text()).length, 2);
});

test('a state serves one caller, one call, once', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const eve = new ModernCaller(story, 'eve', MAY_ASK_ALL);
  const round = await questionsOf(ann, 'ask', ASK);
  const answers = acceptAll(round);
  const state = String(round.requestState);
  const refused = [
    eve.answer('ask', ASK, round, answers),
    ann.answer('ask', { questions: ['A?'] }, round, answers),
    ann.answer('ask-in-turn', ASK, round, answers),
    ann.ask('prompts/get', { name: 'ask', arguments: ASK, requestState: state, inputResponses: answers }),
    ...[`${state}x`, state.toLowerCase(), '', 7, null, {}].map((requestState) =>
      ann.answer('ask', ASK, { requestState }, answers),
    ),
  ];
  for (const asked of refused) {
    const { error } = await asked.answered();
    assert.deepEqual([error?.code, error?.data], [-32602, { reason: 'invalid_request_state' }]);
  }
  // None of that has used it up.
  assert.equal(JSON.parse(await ann.answer('ask', ASK, round, answers).text()).length, 2);
  assert.equal(await ann.answer('ask', ASK, round, answers).code(), -32602);
  assert.equal(server.record.calls.length, 1);
});

test('two people who are asked at the same time are not mixed up', async (t) => {
  for (const make of [async () => (await httpStory(t)).story, async () => new Story(t, askingChild())]) {
    const story = await make();
    const people = ['ann', 'bob', 'cas'];
    await Promise.all(
      people.map(async (name) => {
        const caller = new ModernCaller(story, name, MAY_ASK_ALL);
        const args = { questions: [`${name}?`] };
        const round = await questionsOf(caller, 'ask', args);
        assert.deepEqual(Object.keys(keysOf(round)), [`${name}?`]);
        const answer = JSON.parse(await caller.answer('ask', args, round, acceptAll(round)).text());
        assert.deepEqual(answer, [{ action: 'accept', content: { name: `${name}?!` } }]);
      }),
    );
    assert.equal(story.peers.size, people.length);
  }
});

test('on one stream a question is asked only where it can be of one call alone', async (t) => {
  const story = new Story(t, askingChild());
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const other = ann.call('slow', { ms: 60_000 });
  await ann.call('echo', { text: 'x' }).text();
  assert.match((await ann.call('ask', ASK).answered()).text, /not support/);
  other.cancel();
  // The one that was cancelled may still ask.
  assert.match((await ann.call('ask', ASK).answered()).text, /not support/);
  assert.deepEqual(other.messages, []);
});

test('progress and logs of a later round come with it, under its own token', async (t) => {
  const { story } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const args = { questions: ['A?'], steps: 2 };
  const round = await ann.call('ask-and-report', args, { progressToken: 'first' }).result();
  const params = {
    name: 'ask-and-report',
    arguments: args,
    requestState: round.requestState,
    inputResponses: acceptAll(round),
  };
  const second = ann.ask('tools/call', params, { progressToken: 'second', [`${META}/logLevel`]: 'error' });
  await second.text();
  assert.deepEqual(
    second.messages.map(({ params }) => params.progressToken ?? params.level),
    ['second', 'second', 'error'],
  );
});

test('an answer that came while nobody waited is given to who comes back', async (t) => {
  const { story } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const round = await questionsOf(ann, 'ask-and-give-up', {});
  // The server has answered long before this is.
  await ann.call('slow', { ms: 400 }).text();
  assert.equal(await ann.answer('ask-and-give-up', {}, round, acceptAll(round)).text(), 'gave up');
});

test('calls that nobody comes back for are ended', async (t) => {
  const { story, server } = await httpStory(t, { holdMs: 50 });
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const args = { questions: ['A?'], name: 'late' };
  const round = await questionsOf(ann, 'ask-or-cancelled', args);
  await until(() => story.rounds.size === 0);
  assert.equal(await ann.answer('ask-or-cancelled', args, round, acceptAll(round)).code(), -32602);
  await until(() => server.record.cancelled.includes('late'));
});

test('only so many calls wait, for one caller and in all', async (t) => {
  const { story } = await httpStory(t, { mostPerCaller: 2, mostPerPeer: 3 });
  const [ann, bob] = ['ann', 'bob'].map((name) => new ModernCaller(story, name, MAY_ASK_ALL)) as [
    ModernCaller,
    ModernCaller,
  ];
  await questionsOf(ann, 'ask', ASK);
  await questionsOf(ann, 'ask', ASK);
  assert.match((await ann.call('ask', ASK).answered()).text, /cannot be asked now/);
  const kept = await questionsOf(bob, 'ask', ASK);
  assert.match((await bob.call('ask', ASK).answered()).text, /cannot be asked now/);
  assert.equal(JSON.parse(await bob.answer('ask', ASK, kept, acceptAll(kept)).text()).length, 2);
  assert.equal(story.rounds.size, 2);
});

test('questions that are too large together are not kept', async (t) => {
  const { story } = await httpStory(t, { mostBytes: 10_000 });
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const large = { questions: ['x'.repeat(6_000)] };
  const round = await questionsOf(ann, 'ask', large);
  assert.match((await ann.call('ask', large).answered()).text, /Too much is asked/);
  await ann.answer('ask', large, round, acceptAll(round)).text();
  // What has been answered is kept no longer.
  const turns = { questions: ['y'.repeat(6_000), 'z'.repeat(6_000)] };
  const first = await questionsOf(ann, 'ask-in-turn', turns);
  const second = await ann.answer('ask-in-turn', turns, first, acceptAll(first)).result();
  assert.equal(second.resultType, 'input_required');
});

test('a caller who leaves while the server works ends the call; one between two rounds stays', async (t) => {
  const { story, server } = await httpStory(t);
  const ann = new ModernCaller(story, 'ann', MAY_ASK_ALL);
  const args = { questions: ['A?'], ms: 60_000, name: 'gone' };
  const round = await questionsOf(ann, 'ask-then-slow', args);
  const second = ann.answer('ask-then-slow', args, round, acceptAll(round));
  await until(() => server.record.calls.some(({ keys }) => keys === 'slow now'));
  second.cancel();
  await until(() => server.record.cancelled.includes('gone'));
});
