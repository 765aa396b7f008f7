/** The checks of a callback, one by one, without stores and servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, flowCookie, flowId, flowsOf, randomSecret } from '../../src/oauth/flow.ts';
import { checkBrowser, checkKnown, checkPerson, checkResponse, checkState } from '../../src/oauth/flow-checks.ts';

const ISSUER = 'https://as.example';
const STATE = randomSecret();

function flow(changes: Partial<Flow> = {}): Flow {
  return {
    server: 'notes',
    url: 'https://notes.example/mcp',
    owner: 'basic:alice',
    person: 'basic:alice',
    codeVerifier: randomSecret(),
    issuer: ISSUER,
    source: 'metadata',
    metadata: { issuer: ISSUER },
    client: { id: 'c', authMethod: 'none', origin: 'registered' },
    isNewClient: false,
    redirectUri: 'https://gate.example/oauth/notes/callback',
    returnTo: '/',
    createdAt: 0,
    ...changes,
  };
}

describe('the checks of a callback', () => {
  it('let no state through that is not of our form', () => {
    const bad = ['', 'a', `${STATE}a`, STATE.slice(1), `${STATE.slice(1)} `, `${STATE.slice(1)}é`, `${STATE}\n`];
    for (const state of bad) {
      assert.throws(() => checkState(new URLSearchParams({ state })), { code: 'flow_unknown' });
    }
    assert.equal(checkState(new URLSearchParams({ state: STATE })), STATE);
    assert.throws(() => checkKnown(undefined), { code: 'flow_unknown' });
  });

  it('hold a flow to its browser and its person only where it is bound to one', () => {
    checkBrowser(flow(), STATE, {});
    checkPerson(flow(), undefined);
    const bound = flow({ browser: randomSecret() });
    for (const cookie of [undefined, '', 'x', bound.browser]) {
      const cookies = { [flowCookie(flowId(STATE))]: cookie };
      assert.throws(() => checkBrowser(bound, STATE, cookies), { code: 'flow_wrong_browser' });
    }
    assert.throws(() => checkPerson(bound, 'basic:bob'), { code: 'flow_wrong_person' });
    checkPerson(bound, 'basic:alice');
  });

  it('hold a flow that was begun through a link to who the browser was then, whoever the link was made for', () => {
    const browser = randomSecret();
    const throughLink = { owner: 'openwebui:a', browser, confirm: true };
    const { person: _named, ...nobody } = flow(throughLink);
    checkPerson(nobody, undefined);
    checkPerson(flow({ ...throughLink, person: 'visitor:v' }), 'visitor:v');
    for (const later of ['basic:bob', 'visitor:v', 'openwebui:a']) {
      assert.throws(() => checkPerson(nobody, later), { code: 'flow_wrong_person' });
    }
    for (const later of ['basic:bob', undefined, 'visitor:w']) {
      const visitors = flow({ ...throughLink, person: 'visitor:v' });
      assert.throws(() => checkPerson(visitors, later), { code: 'flow_wrong_person' });
    }
  });

  it('take an answer with another state for no answer', () => {
    const query = new URLSearchParams({ code: 'c', state: randomSecret() });
    assert.throws(() => checkResponse(flow(), STATE, query), { code: 'response_rejected' });
  });

  it('put nothing of a rejected answer into the error', () => {
    const query = new URLSearchParams({ code: 'the-code', state: STATE, iss: 'https://mallory.example' });
    assert.throws(
      () => checkResponse(flow(), STATE, query),
      (error: Error) => {
        const all = `${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`;
        return !all.includes('the-code') && !all.includes('mallory') && !all.includes(STATE);
      },
    );
  });
});

describe('the cookies of flows', () => {
  it('are found by their names, ten at most', () => {
    const ids = Array.from({ length: 12 }, () => flowId(randomSecret()));
    const cookies = Object.fromEntries(ids.map((id) => [flowCookie(id), 'x']));
    assert.deepEqual(flowsOf({ session: 'x', latchkey_flow_: 'x', 'latchkey_flow_../x': 'x' }), []);
    assert.deepEqual(flowsOf(cookies), ids.slice(0, 10));
  });
});
