/** Whom headers beside the API key name, plain or signed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sessionToken, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { AWAY, refusedAs, users, WHOLE } from './configured.ts';

const INVALID = 'invalid_credentials';
const seconds = () => Math.floor(Date.now() / 1000);

describe('headers beside the API key', () => {
  const headers = (values: Record<string, string>) => ({ header: (name: string) => values[name] });
  const PLAIN = {
    'x-openwebui-user-id': 'ann',
    'x-openwebui-user-name': 'Ann%20%C3%98%0d%0aB',
    'x-openwebui-user-email': 'ann@example.org',
  };

  it('say nothing unless that is configured', () => {
    assert.equal(users({ secretKey: WEBUI_SECRET }).byHeaders(headers(PLAIN)), undefined);
  });

  it('name the user where the key is trusted with that', () => {
    const trusting = users({ trustForwardedUser: true });
    assert.equal(trusting.admits, false);
    assert.equal(trusting.byHeaders(headers({})), undefined);
    assert.deepEqual(trusting.byHeaders(headers(PLAIN)), {
      id: 'openwebui:ann',
      via: 'openwebui',
      label: 'ann@example.org (Ann Ø B)',
    });
    const named = (more: Record<string, string>) =>
      trusting.byHeaders(headers({ 'x-openwebui-user-id': 'ann', ...more }));
    assert.equal((named({ 'x-openwebui-user-name': '100%' }) as { label: string }).label, '100%');
    assert.equal((named({ 'x-openwebui-user-email': 'a@b' }) as { label: string }).label, 'a@b');
    assert.equal((named({}) as { label: string }).label, 'Open WebUI user ann');
    assert.equal([...(named({ 'x-openwebui-user-name': 'é'.repeat(5_000) }) as { label: string }).label].length, 80);
  });

  it('refuse ids that nobody has', async () => {
    const trusting = users({ trustForwardedUser: true });
    for (const id of ['', 'a b', 'ann, bob', 'x'.repeat(257), '\u00a0']) {
      await refusedAs(() => trusting.byHeaders(headers({ 'x-openwebui-user-id': id })), 400, 'bad_request', /User-Id/);
    }
  });

  it('are the signed one alone where there is a secret for it', async () => {
    const signed = users({ userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true });
    assert.equal(signed.byHeaders(headers(PLAIN)), undefined, 'plain ones are ignored');
    const token = await userJwt('ann');
    const given = headers({ ...PLAIN, 'x-openwebui-user-id': 'bob', 'x-openwebui-user-jwt': token });
    const found = await signed.byHeaders(given);
    assert.deepEqual(found, { id: 'openwebui:ann', via: 'openwebui', label: 'ann@example.org (Name of ann)' });
    assert.equal(signed.byHeaders(given), found, 'at once the second time');
    const odd = (options: Parameters<typeof userJwt>[1]) => async () =>
      signed.byHeaders(headers({ 'x-openwebui-user-jwt': await userJwt('ann', options) }));
    await refusedAs(odd({ secret: WEBUI_SECRET }), 401, INVALID, /FORWARD_USER_INFO_HEADER_JWT_SECRET/);
    await refusedAs(odd({ claims: { iss: undefined } }), 401, INVALID, /issued/);
    await refusedAs(odd({ claims: { exp: undefined } }), 401, INVALID, /never expires/);
    await refusedAs(odd({ claims: { exp: seconds() } }), 401, 'token_expired', /clocks/);
    await refusedAs(odd({ claims: { sub: '' } }), 401, INVALID, /no user in "sub"/);
    await refusedAs(odd({ claims: { sub: undefined, id: 'ann' } }), 401, INVALID, /no user in "sub"/);
    await refusedAs(() => signed.byHeaders(headers({ 'x-openwebui-user-jwt': '' })), 401, INVALID, /cannot be read/);
  });

  it('do not let the token of a session count as the header, nor the header as a token', async () => {
    const both = users({ userJwtSecret: WEBUI_SECRET, secretKey: WEBUI_SECRET });
    const [header, session] = [await userJwt('ann', { secret: WEBUI_SECRET }), await sessionToken('ann')];
    for (let round = 0; round < 2; round += 1) {
      await both.byHeaders(headers({ 'x-openwebui-user-jwt': header }));
      await both.byToken(session, WHOLE, AWAY);
      await refusedAs(() => both.byHeaders(headers({ 'x-openwebui-user-jwt': session })), 401, INVALID, /issued/);
      await refusedAs(() => both.byToken(header, WHOLE, AWAY), 401, INVALID, /no user in "id"/);
    }
  });
});
