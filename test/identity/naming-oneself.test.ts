/** What callers are told who are nobody: how to become somebody, by what is configured. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenWebuiConfig } from '../../src/config/model.ts';
import { howToName, howToShow } from '../../src/identity/naming-oneself.ts';

const NONE: OpenWebuiConfig = { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false };

describe('how to say who one is', () => {
  it('is what the operator has set up', () => {
    const ways: readonly [Partial<OpenWebuiConfig>, RegExp][] = [
      [{ userJwtSecret: 's', secretKey: 't' }, /X-OpenWebUI-User-Jwt.*FORWARD_USER_INFO_HEADER_JWT_SECRET/],
      [{ trustForwardedUser: true }, /X-OpenWebUI-User-Id.*ENABLE_FORWARD_USER_INFO_HEADERS/],
      [{ secretKey: 's' }, /"Session"/],
      [{ introspect: true, url: 'http://chat' }, /"Session"/],
      [{}, /operator.*accounts with `auth`/],
    ];
    for (const [openWebui, text] of ways) assert.match(howToName({ openWebui: { ...NONE, ...openWebui } }), text);
    assert.match(howToName({ auth: { basic: [], bearer: [] }, openWebui: NONE }), /name and password/);
  });
});

describe('how a client shows who it calls for', () => {
  it('is an access token where people can make them, else the key, else what names callers', () => {
    const shown = { openWebui: { ...NONE, secretKey: 's' } };
    assert.match(howToShow({ ...shown, apiKey: 'secret-key' }, 'https://h/x'), /token at https:\/\/h\/x,.*Bearer lk_/);
    const key = howToShow({ ...shown, apiKey: 'secret-key' }, undefined);
    assert.match(key, /API key.*Bearer KEY$/);
    assert.doesNotMatch(key, /secret-key/);
    assert.match(howToShow(shown, undefined), /"Session"/);
  });
});
