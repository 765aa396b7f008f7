/** States of questions about logins: signed, for one request of one caller, for ten minutes, in all processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoginState, LoginStates, type StatePlace, withoutAnswers } from '../../../src/mcp/login/login-state.ts';
import { openDatabase } from '../../../src/storage/sqlite.ts';
import { openStore } from '../../../src/storage/store.ts';
import { requestMessage } from '../../../src/upstream/peer/message.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { storeAddress } from '../../oauth/hand-off-helper.ts';

const MINUTE = 60_000;

function place(change: Partial<StatePlace> = {}, params = {}): StatePlace {
  const message = requestMessage(1, 'tools/call', { name: 'x', arguments: { a: 1 }, ...params });
  return { principalId: 'basic:ann', server: 'notes', message, ...change };
}

describe('LoginStates', () => {
  it('knows its own for ten minutes, under another id and with answers', async () => {
    const states = new LoginStates(openStore('memory'), new MemoryLog());
    const state = await states.issue(place(), 0);
    assert.ok(isLoginState(state));
    assert.equal(isLoginState('of-the-server'), false);
    assert.equal(isLoginState({}), false);
    const retry = place({}, { requestState: state, inputResponses: {}, _meta: { progressToken: 7 } });
    assert.equal(await states.verify(state, retry, 10 * MINUTE - 1), 'good');
    assert.equal(await states.verify(state, retry, 10 * MINUTE), 'late');
    assert.deepEqual(withoutAnswers({ requestState: 's', inputResponses: {}, name: 'x' }), { name: 'x' });
  });

  it('takes it from nobody else, and for nothing else', async () => {
    const states = new LoginStates(openStore('memory'), new MemoryLog());
    const state = await states.issue(place(), 0);
    const others = [
      place({ principalId: 'basic:ben' }),
      place({ server: 'other' }),
      place({ message: requestMessage(1, 'prompts/get', { name: 'x', arguments: { a: 1 } }) }),
      place({}, { name: 'y' }),
      place({}, { arguments: { a: 2 } }),
    ];
    for (const other of others) assert.equal(await states.verify(state, other, 1), 'foreign');
    const [head = '', until = '', mac = ''] = state.split('.');
    for (const forged of [
      `${head}.${until}0.${mac}`,
      `${head}.${until}`,
      `${head}.${until}.`,
      `${head}.`,
      `${state}AA`,
    ]) {
      assert.equal(await states.verify(forged, place(), 1), 'foreign', forged);
    }
  });

  it('is understood by every process that shares the store, and by no other', async () => {
    const store = openStore('memory');
    const [one, two] = [new LoginStates(store, new MemoryLog()), new LoginStates(store, new MemoryLog())];
    const state = await one.issue(place(), 0);
    const other = await two.issue(place(), 0);
    assert.equal(await two.verify(state, place(), 1), 'good');
    assert.equal(await one.verify(other, place(), 1), 'good');
    const stranger = new LoginStates(openStore('memory'), new MemoryLog());
    assert.equal(await stranger.verify(state, place(), 1), 'foreign');
  });

  it('works by itself where the store fails, and says so once', async (t) => {
    const log = new MemoryLog();
    const { uri, remove } = await storeAddress('sqlite');
    t.after(remove);
    const store = openStore(uri);
    t.after(() => store.close());
    const vandal = openDatabase(uri.replace('sqlite:', ''));
    vandal.exec("CREATE TRIGGER broken BEFORE INSERT ON keyv BEGIN SELECT RAISE(FAIL, 'disk full'); END");
    vandal.close();
    const states = new LoginStates(store, log);
    const state = await states.issue(place(), 0);
    assert.equal(await states.verify(state, place(), 1), 'good');
    assert.equal(log.lines.length, 1);
  });
});
