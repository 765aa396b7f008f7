/** What callers are told who are nobody: how to become somebody, by what is configured. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenWebuiConfig } from '../../src/config/model.ts';
import { howToName } from '../../src/identity/naming-oneself.ts';

const NONE: OpenWebuiConfig = { introspect: false, trustForwardedUser: false, allowWithoutExpiry: false };

describe('how to say who one is', () => {
  it('is what the operator has set up', () => {
    const ways: readonly [Partial<OpenWebuiConfig>, RegExp][] = [
      [{ userJwtSecret: 's', secretKey: 't' }, /X-OpenWebUI-User-Jwt.*FORWARD_USER_INFO_HEADER_JWT_SECRET/],
      [{ trustForwardedUser: true }, /X-OpenWebUI-User-Id.*ENABLE_FORWARD_USER_INFO_HEADERS/],
      [{ secretKey: 's' }, /"Session"/],
      [{ introspect: true, url: 'http://chat' }, /"Session"/],
      [{}, /operator/],
    ];
    for (const [openWebui, text] of ways) assert.match(howToName({ openWebui: { ...NONE, ...openWebui } }), text);
    assert.match(howToName({ auth: { basic: [], bearer: [] }, openWebui: NONE }), /name and password/);
  });
});
