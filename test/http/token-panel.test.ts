/** Whose access tokens a request may see and make. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { tokenMaker } from '../../src/http/token-panel.ts';
import { API_KEY_HOLDER, openWebuiPrincipal, type Principal, visitorPrincipal } from '../../src/identity/principal.ts';

const ANN: Principal = { id: 'basic:ann', via: 'basic', label: 'ann' };
const browser = { id: 'i', session: { visitor: 'v', csrf: 'c', createdAt: 0, visited: [] } };

function makerOf(principal: Principal, shown: object = { browser }, proofs: readonly string[] = ['proof']): unknown {
  const request = { ...shown, principal } as unknown as FastifyRequest;
  const site = { identity: { proofOf: () => proofs[0] } } as unknown as Parameters<typeof tokenMaker>[0];
  return tokenMaker(site, request)?.person.id;
}

describe('tokenMaker', () => {
  it('is a person with an account, at a browser, whose credential still counts', () => {
    assert.equal(makerOf(ANN), 'basic:ann');
    assert.equal(makerOf(openWebuiPrincipal('u-1')), 'openwebui:u-1');
    assert.equal(makerOf(ANN, {}), undefined, 'a program');
    assert.equal(makerOf(ANN, { browser }, []), undefined, 'an account that is gone');
    assert.equal(makerOf(visitorPrincipal('v')), undefined);
    assert.equal(makerOf(API_KEY_HOLDER), undefined, 'many people');
  });
});
