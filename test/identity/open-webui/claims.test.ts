/** Checks of what tokens say, each by itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { checkSession, checkUserId, checkUserJwt } from '../../../src/identity/open-webui/claims.ts';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const STRICT = { allowWithoutExpiry: false };
const OPEN = { allowWithoutExpiry: true };
const live = { id: 'ann', exp: SECONDS + 3600, iat: SECONDS };

function refused(check: () => unknown, code: string, text: RegExp): void {
  assert.throws(check, (error) => {
    assert.ok(error instanceof GatewayError);
    assert.deepEqual([error.status, error.code], [401, code]);
    assert.match(error.message, text);
    return true;
  });
}

describe('checkSession', () => {
  it('says when the token stops counting', () => {
    assert.equal(checkSession(live, STRICT, NOW), NOW + 3_600_000);
    assert.equal(checkSession({}, OPEN, NOW), Number.POSITIVE_INFINITY);
    assert.equal(checkSession(live, { ...STRICT, maxTokenAgeMs: 60_000 }, NOW), NOW + 60_000);
    assert.equal(checkSession(live, { ...STRICT, maxTokenAgeMs: 7_200_000 }, NOW), NOW + 3_600_000);
  });

  it('ends it at the very millisecond', () => {
    assert.equal(checkSession({ exp: SECONDS + 0.001 }, STRICT, NOW), NOW + 1);
    refused(() => checkSession({ exp: SECONDS }, STRICT, NOW), 'token_expired', /expired\. Reload Open WebUI/);
    refused(() => checkSession({ exp: SECONDS - 1 }, OPEN, NOW), 'token_expired', /expired/);
    refused(() => checkSession({ exp: 0 }, OPEN, NOW), 'token_expired', /expired/);
  });

  it('asks for an end unless told not to', () => {
    refused(() => checkSession({ iat: SECONDS }, STRICT, NOW), 'invalid_credentials', /allow_tokens_without_exp/);
  });

  it('bears clocks that differ by a minute, and no more', () => {
    for (const claim of ['iat', 'nbf']) {
      checkSession({ ...live, [claim]: SECONDS + 60 }, STRICT, NOW);
      refused(
        () => checkSession({ ...live, [claim]: SECONDS + 61 }, STRICT, NOW),
        'invalid_credentials',
        /future.*clocks/,
      );
    }
  });

  it('bounds the age where that is asked for, and then needs to know it', () => {
    const rules = { ...OPEN, maxTokenAgeMs: 60_000 };
    checkSession({ iat: SECONDS - 59 }, rules, NOW);
    refused(() => checkSession({ iat: SECONDS - 60 }, rules, NOW), 'token_expired', /longer ago/);
    refused(() => checkSession({}, rules, NOW), 'invalid_credentials', /"iat"/);
  });

  it('takes times that are numbers only', () => {
    for (const claim of ['exp', 'iat', 'nbf']) {
      for (const value of ['1900000000', null, Number.POSITIVE_INFINITY, Number.NaN, [1], {}]) {
        refused(() => checkSession({ ...live, [claim]: value }, STRICT, NOW), 'invalid_credentials', /cannot be read/);
      }
    }
  });

  it('takes the kinds of token that Open WebUI makes', () => {
    for (const typ of ['session', 'automation', 'subagent']) checkSession({ ...live, typ }, STRICT, NOW);
    for (const typ of ['refresh', '', null, 'SESSION', ['session'], 'constructor']) {
      refused(() => checkSession({ ...live, typ }, STRICT, NOW), 'invalid_credentials', /"typ"/);
    }
  });
});

describe('checkUserJwt', () => {
  it('wants the issuer and an end', () => {
    const claims = { iss: 'open-webui', exp: SECONDS + 300 };
    assert.equal(checkUserJwt(claims, NOW), NOW + 300_000);
    for (const iss of [undefined, 'open-webui.example', ['open-webui']]) {
      refused(() => checkUserJwt({ ...claims, iss }, NOW), 'invalid_credentials', /issued/);
    }
    refused(() => checkUserJwt({ iss: 'open-webui' }, NOW), 'invalid_credentials', /never expires/);
  });
});

describe('checkUserId', () => {
  it('tells a missing id from an odd one, and repeats neither', () => {
    assert.equal(checkUserId('ann', 'id'), 'ann');
    for (const id of [undefined, '']) refused(() => checkUserId(id, 'sub'), 'invalid_credentials', /no user in "sub"/);
    for (const id of [null, 7, 'secret id', 'x'.repeat(10_000)]) {
      refused(() => checkUserId(id, 'id'), 'invalid_credentials', /^(?!.*(?:secret id|xxx)).*"id" is no user id/);
    }
  });
});
