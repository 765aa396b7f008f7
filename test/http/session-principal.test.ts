/** Until when what a browser has proved counts. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { isSignedIn, sessionPrincipal } from '../../src/http/session-principal.ts';
import { buildIdentity } from '../../src/identity/authenticators.ts';
import { openWebuiUsers } from '../../src/identity/open-webui/users.ts';
import { PersonalTokens } from '../../src/identity/personal-tokens.ts';
import { openWebuiPrincipal } from '../../src/identity/principal.ts';
import type { WebSession } from '../../src/identity/web-sessions.ts';
import { openStore } from '../../src/storage/store.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { CollectedLog } from '../storage/collected-log.ts';

const NOW = 1_800_000_000_000;
const ANN = openWebuiPrincipal('ann');

function identityWith(secretKey: string): ReturnType<typeof buildIdentity> {
  const config = { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false, secretKey };
  const log = new CollectedLog();
  return buildIdentity({
    openWebui: openWebuiUsers(config, log),
    tokens: new PersonalTokens(openStore('memory'), log),
  });
}

const identity = identityWith(WEBUI_SECRET);
const proof = identity.proofOf(ANN) ?? '';
const session: WebSession = { visitor: 'v', csrf: 'c', createdAt: NOW, visited: [], principal: ANN, proof };

describe('a sign-in', () => {
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: NOW }));
  afterEach(() => mock.timers.reset());

  it('counts until its time is over, and then names nobody', () => {
    const bounded = { ...session, until: NOW + 1_000 };
    assert.equal(isSignedIn(session, identity), true);
    mock.timers.tick(999);
    assert.equal(isSignedIn(bounded, identity), true);
    assert.equal(sessionPrincipal(bounded, identity), ANN);
    mock.timers.tick(1);
    assert.equal(isSignedIn(bounded, identity), false);
    assert.equal(sessionPrincipal(bounded, identity).via, 'anonymous');
    assert.equal(isSignedIn(session, identity), true);
  });

  it('by Open WebUI outlives no secret that proved it', () => {
    assert.equal(isSignedIn(session, identityWith(`${WEBUI_SECRET}2`)), false);
  });
});
