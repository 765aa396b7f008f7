/** Personal tokens among the other credentials: what goes first, whom they name where, and what ends them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthConfig } from '../../src/config/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { buildIdentity, type Identity } from '../../src/identity/authenticators.ts';
import type { Credentials, Realm } from '../../src/identity/credentials.ts';
import { PersonalTokens } from '../../src/identity/personal-tokens.ts';
import { openWebuiPrincipal, type Principal } from '../../src/identity/principal.ts';
import { openStore } from '../../src/storage/store.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { CollectedLog } from '../storage/collected-log.ts';
import { AWAY, PERSONAL, users, WHOLE } from './open-webui/configured.ts';

const ANN: Principal = { id: 'basic:ann', via: 'basic', label: 'ann' };
const USER = openWebuiPrincipal('u-1', 'ann@example.org (Ann)', true);
const OWN: Realm = { isPersonal: true, secretKey: 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF' };

const bearer = (token: string) => ({ scheme: 'bearer', token }) as const;

function shown(token: string): Credentials {
  return { authorization: bearer(token), isLocal: false, from: AWAY.from, header: () => undefined };
}

interface House {
  readonly tokens?: PersonalTokens;
  readonly auth?: AuthConfig;
  readonly apiKey?: string;
  readonly secretKey?: string;
}

function house({ tokens = newTokens(), auth, apiKey, secretKey }: House = {}): Identity {
  const openWebui = users(secretKey === undefined ? {} : { secretKey });
  return buildIdentity({ apiKey, auth, openWebui, tokens });
}

function newTokens(): PersonalTokens {
  return new PersonalTokens(openStore('memory'), new CollectedLog());
}

async function made(tokens: PersonalTokens, identity: Identity, person: Principal): Promise<string> {
  const { token } = await tokens.create(person, identity.proofOf(person) ?? '', { name: person.label, days: 7 });
  return token;
}

async function answer(identity: Identity, token: string, realm: Realm = WHOLE): Promise<unknown> {
  try {
    const { id, via, isAdmin } = await identity.authenticate(shown(token), realm);
    return [id, via, isAdmin];
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return [error.status, error.code];
  }
}

const basic = (password: string): AuthConfig => ({ basic: [{ username: 'ann', password }], bearer: [] });

describe('a personal token', () => {
  it('names its person everywhere, at once where it was looked up lately', async () => {
    const tokens = newTokens();
    const identity = house({ tokens, auth: basic('pw') });
    const token = await made(tokens, identity, ANN);
    for (const realm of [WHOLE, PERSONAL, OWN]) {
      assert.deepEqual(await answer(identity, token, realm), ['basic:ann', 'token', undefined]);
    }
    const known = identity.authenticate(shown(token), WHOLE);
    assert.ok(!(known instanceof Promise));
    assert.equal(identity.authenticate(shown(token), WHOLE), known, 'nothing is made for a call');
  });

  it('of a user of Open WebUI names nobody at a server with a secret of its own, and no admin anywhere', async () => {
    const tokens = newTokens();
    const identity = house({ tokens, secretKey: WEBUI_SECRET });
    const token = await made(tokens, identity, USER);
    for (const realm of [WHOLE, PERSONAL]) {
      assert.deepEqual(await answer(identity, token, realm), ['openwebui:u-1', 'token', undefined]);
    }
    assert.deepEqual(await answer(identity, token, OWN), [401, 'missing_credentials']);
  });

  it('ends with what proved its person, also where nothing is asked for any more', async () => {
    const tokens = newTokens();
    const before = house({ tokens, auth: basic('pw'), secretKey: WEBUI_SECRET });
    const [anns, users] = [await made(tokens, before, ANN), await made(tokens, before, USER)];
    for (const after of [
      house({ tokens, auth: basic('other'), secretKey: 'uX3nB8sK1vQ6zM4jT9wE2rY7oP5aL0dF' }),
      house({ tokens, auth: { basic: [], bearer: [] } }),
      house({ tokens }),
    ]) {
      for (const token of [anns, users]) assert.deepEqual(await answer(after, token), [401, 'invalid_credentials']);
    }
    assert.deepEqual(await answer(before, anns), ['basic:ann', 'token', undefined]);
  });

  it('is looked at in every house, and makes none ask for credentials', () => {
    const open = house();
    assert.equal(open.required, false);
    assert.equal(open.reads(bearer('lk_x'), WHOLE), true);
    assert.equal(open.reads(bearer('x'), WHOLE), false);
  });

  it('comes after the keys and tokens of the configuration, and before what looks like a JWT', async () => {
    const [key, configured] = [`lk_${'k'.repeat(43)}`, `lk_${'c'.repeat(43)}`];
    const identity = house({ apiKey: key, auth: { basic: [], bearer: [configured] }, secretKey: WEBUI_SECRET });
    assert.deepEqual(await answer(identity, key), ['api-key:', 'api-key', undefined]);
    assert.equal(((await answer(identity, configured)) as string[])[1], 'bearer');
    assert.throws(() => identity.authenticate(shown('lk_a.b.c'), WHOLE), /This access token does not count here/);
  });

  it('is nothing to sign in with', async () => {
    const tokens = newTokens();
    const identity = house({ tokens, auth: basic('pw') });
    const token = await made(tokens, identity, ANN);
    await answer(identity, token);
    assert.throws(() => identity.signIn(bearer(token)), GatewayError);
    assert.throws(() => identity.signIn({ scheme: 'basic', username: 'ann', password: token }), GatewayError);
  });
});
