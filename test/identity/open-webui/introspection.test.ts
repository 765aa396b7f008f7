/** Asking Open WebUI over real HTTP, with everything that can go wrong on the way. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { OpenWebuiConfig } from '../../../src/config/model.ts';
import { GatewayError } from '../../../src/errors.ts';
import { Introspection } from '../../../src/identity/open-webui/introspection.ts';
import type { OpenWebuiUsers } from '../../../src/identity/open-webui/users.ts';
import { sessionToken, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { until } from '../../helpers/wait.ts';
import { CollectedLog } from '../../storage/collected-log.ts';
import { AuthsServer, reply } from './auths-server.ts';
import { AWAY, refusal, refusedAs, TestClock, users, WHOLE } from './configured.ts';

const OTHER_SECRET = 'w1Cz8Ke5Tn3Vx7Ly4Rb9Mq2Hd6Ju0Sg';
const INVALID = 'invalid_credentials';
const UNAVAILABLE = 'identity_unavailable';

let server: AuthsServer;
let clock: TestClock;
let log: CollectedLog;

beforeEach(async () => {
  server = await AuthsServer.start();
  server.users.set('ann', { name: 'Ann', email: 'ann@example.org' });
  clock = new TestClock();
  log = new CollectedLog();
});
afterEach(() => server.stop());

function asking(config: Partial<OpenWebuiConfig> = {}): OpenWebuiUsers {
  return users({ introspect: true, url: server.url, ...config }, clock, log);
}

async function unavailable(openWebui: OpenWebuiUsers, token: string): Promise<void> {
  const error = await refusal(() => openWebui.byToken(token, WHOLE, AWAY));
  assert.deepEqual([error.status, error.code, error.headers['retry-after']], [503, UNAVAILABLE, '5']);
  assert.doesNotMatch(error.message, /127\.0\.0\.1|http/);
}

describe('introspection', () => {
  it('names the user as Open WebUI does, with the token as Bearer', async () => {
    const token = await sessionToken('ann');
    const found = await asking().byToken(token, WHOLE, AWAY);
    assert.deepEqual(found, { id: 'openwebui:ann', via: 'openwebui', label: 'ann@example.org (Ann)' });
    const [request] = server.seen;
    assert.deepEqual([request?.method, request?.url], ['GET', '/api/v1/auths/']);
    assert.equal(request?.headers.authorization, `Bearer ${token}`);
    assert.equal(request?.headers.cookie, undefined);
    assert.equal(asking().admits, true);
    server.users.set('bob', { name: ' ', email: 'bob@example.org', role: 'admin' });
    assert.equal((await asking().byToken(await sessionToken('bob'), WHOLE, AWAY)).label, 'bob@example.org');
  });

  it('knows an admin by what Open WebUI answers, not by what a token says', async () => {
    const isAdmin = async (role?: string) => {
      server.users.set('ann', role === undefined ? {} : { role });
      const token = await sessionToken('ann', { claims: { role: 'admin', isAdmin: true } });
      return (await asking().byToken(token, WHOLE, AWAY)).isAdmin;
    };
    assert.equal(await isAdmin('admin'), true);
    for (const role of ['user', 'Admin', 'administrator', '', undefined]) assert.equal(await isAdmin(role), undefined);
    const token = await sessionToken('ann', { claims: { role: 'admin' } });
    assert.equal((await users({ secretKey: WEBUI_SECRET }).byToken(token, WHOLE, AWAY)).isAdmin, undefined);
  });

  it('asks nobody about a token that has ended, or that is none', async () => {
    const openWebui = asking();
    const ended = await sessionToken('ann', { claims: { exp: Math.floor(clock.now() / 1000) - 1 } });
    await refusedAs(() => openWebui.byToken(ended, WHOLE, AWAY), 401, 'token_expired', /expired/);
    await refusedAs(() => openWebui.byToken('a.b.c', WHOLE, AWAY), 401, INVALID, /cannot be read/);
    const endless = await sessionToken('ann', { claims: { exp: undefined } });
    await refusedAs(() => openWebui.byToken(endless, WHOLE, AWAY), 401, INVALID, /never expires/);
    assert.equal(server.seen.length, 0);
  });

  it('refuses who is unknown, revoked, pending, or no session', async () => {
    const openWebui = asking();
    server.users.set('new', { role: 'pending' });
    const refused = async (id: string, text: RegExp, claims = {}, secret = WEBUI_SECRET) =>
      refusedAs(
        async () => openWebui.byToken(await sessionToken(id, { claims, secret }), WHOLE, AWAY),
        401,
        INVALID,
        text,
      );
    await refused('nobody', /expired or revoked/);
    await refused('ann', /expired or revoked/, {}, OTHER_SECRET);
    server.revoked.add('stolen');
    await refused('ann', /expired or revoked/, { jti: 'stolen' });
    await refused('new', /pending.*administrator/);
    await refused('ann', /session of a person/, { typ: 'automation' });
  });

  it('refuses a token that names one user where Open WebUI names another', async () => {
    server.behave = (_, response) => {
      reply(response, 200, { id: 'bob' });
      return true;
    };
    await refusedAs(async () => asking().byToken(await sessionToken('ann'), WHOLE, AWAY), 401, INVALID, /another user/);
    const nameless = await sessionToken('', { claims: { id: undefined } });
    assert.equal((await asking().byToken(nameless, WHOLE, AWAY)).id, 'openwebui:bob', 'it knows better than we');
  });

  it('asks again after a minute, so that what was revoked counts no longer', async () => {
    const openWebui = asking();
    const token = await sessionToken('ann', { claims: { jti: 'one' } });
    await openWebui.byToken(token, WHOLE, AWAY);
    server.revoked.add('one');
    clock.tick(59_999);
    assert.ok(!(openWebui.byToken(token, WHOLE, AWAY) instanceof Promise));
    clock.tick(1);
    await refusedAs(() => openWebui.byToken(token, WHOLE, AWAY), 401, INVALID, /revoked/);
    assert.equal(server.seen.length, 2);
  });

  it('remembers nothing beyond the end of the token', async () => {
    const openWebui = asking();
    const exp = Math.floor(clock.now() / 1000) + 10;
    const token = await sessionToken('ann', { claims: { exp } });
    await openWebui.byToken(token, WHOLE, AWAY);
    clock.set(exp * 1000);
    await refusedAs(() => openWebui.byToken(token, WHOLE, AWAY), 401, 'token_expired', /expired/);
    assert.equal(server.seen.length, 1);
  });

  it('asks about a refused token every ten seconds at most', async () => {
    const openWebui = asking();
    const token = await sessionToken('late');
    const refused = () => refusedAs(() => openWebui.byToken(token, WHOLE, AWAY), 401, INVALID, /revoked/);
    await refused();
    await refused();
    clock.tick(9_000);
    await refused();
    assert.equal(server.seen.length, 1);
    clock.tick(1_001);
    server.users.set('late', {});
    assert.equal((await openWebui.byToken(token, WHOLE, AWAY)).id, 'openwebui:late');
  });

  it('remembers by itself who was refused only, and asks nobody where it is switched off', async () => {
    const introspection = new Introspection(server.url, log, { clock });
    const token = await sessionToken('ann');
    await introspection.ask(token, AWAY.from);
    assert.equal((await introspection.ask(token, AWAY.from)).kind, 'live');
    assert.equal(server.seen.length, 2);
    const off = asking({ introspect: false });
    assert.deepEqual([off.admits, off.reads(WHOLE)], [false, false]);
  });

  it('asks once for all who wait for the same token', async () => {
    const waiting: ServerResponse[] = [];
    server.behave = (_, response) => waiting.push(response) > 0;
    const openWebui = asking();
    const token = await sessionToken('ann');
    const all = Array.from({ length: 100 }, () => openWebui.byToken(token, WHOLE, AWAY));
    const [response] = await until(() => waiting.length > 0 && waiting);
    assert.ok(response);
    reply(response, 200, { id: 'ann' });
    assert.deepEqual(new Set((await Promise.all(all)).map(({ id }) => id)), new Set(['openwebui:ann']));
    assert.equal(server.seen.length, 1);
  });

  it('asks no more than fifty questions at once, and goes on when they are answered', async () => {
    const waiting: ServerResponse[] = [];
    server.behave = (_, response) => waiting.push(response) > 0;
    const openWebui = asking();
    const tokens = await Promise.all(Array.from({ length: 51 }, (_, number) => sessionToken(`user-${number}`)));
    const from = (index: number) => ({ isLocal: false, from: `192.0.2.${10 + (index % 3)}` });
    const asked = tokens.slice(0, 50).map(async (token, index) => openWebui.byToken(token, WHOLE, from(index)));
    await until(() => waiting.length === 50);
    await unavailable(openWebui, tokens[50] ?? '');
    waiting.forEach((response) => void reply(response, 401, {}));
    const settled = await Promise.allSettled(asked);
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    assert.equal(server.seen.length, 50);
    server.behave = () => false;
    server.users.set('user-50', {});
    assert.equal((await openWebui.byToken(tokens[50] ?? '', WHOLE, AWAY)).id, 'openwebui:user-50');
  });

  it('is 503, never 401, where Open WebUI gives no verdict; and heals by itself', async () => {
    const openWebui = asking();
    const token = await sessionToken('ann');
    const huge = 'x'.repeat(64 * 1024 + 1);
    const answers: ((response: ServerResponse) => unknown)[] = [
      (response) => reply(response, 500, { id: 'ann' }),
      (response) => reply(response, 404, { id: 'ann' }),
      (response) => reply(response, 429, { id: 'ann' }),
      (response) => reply(response, 201, { id: 'ann' }),
      (response) => reply(response, 307, { id: 'ann' }, { location: `${server.url}/api/v1/auths/` }),
      (response) => reply(response, 200, '<!doctype html>', { 'content-type': 'text/html' }),
      (response) => reply(response, 200, 'null'),
      (response) => reply(response, 200, []),
      (response) => reply(response, 200, {}),
      (response) => reply(response, 200, { id: '' }),
      (response) => reply(response, 200, { id: 'a b' }),
      (response) => reply(response, 200, { id: 7 }),
      (response) => reply(response, 200, { id: 'ann', more: huge }),
      (response) => reply(response, 401, huge),
      (response) => response.destroy(),
      (response) => response.writeHead(200, { 'content-length': '100' }).end('{"id":"ann"'),
      (response) => response.socket?.end('nonsense\r\n\r\n'),
    ];
    for (const answer of answers) {
      server.behave = (_, response) => {
        answer(response);
        return true;
      };
      await unavailable(openWebui, token);
    }
    assert.equal(server.seen.length, answers.length, 'no redirect was followed, and nothing was asked twice');
    server.behave = () => false;
    assert.equal((await openWebui.byToken(token, WHOLE, AWAY)).id, 'openwebui:ann');
    const levels = log.lines.map(({ level }) => level);
    assert.deepEqual(levels, ['warn', 'info'], 'once for each time that it goes and comes');
    assert.ok(!JSON.stringify(log.lines).includes(token));
  });

  it('survives a restart of Open WebUI, whose connections are gone then', async () => {
    const openWebui = asking();
    const tokens = await Promise.all([1, 2, 3].map((jti) => sessionToken('ann', { claims: { jti } })));
    const [first = '', second = '', third = ''] = tokens;
    await openWebui.byToken(first, WHOLE, AWAY);
    await server.stop();
    await unavailable(openWebui, second);
    assert.equal((await openWebui.byToken(first, WHOLE, AWAY)).id, 'openwebui:ann', 'is known still');
    await server.listening.start();
    assert.equal((await openWebui.byToken(second, WHOLE, AWAY)).id, 'openwebui:ann');
    await server.stop();
    await server.listening.start();
    assert.equal((await openWebui.byToken(third, WHOLE, AWAY)).id, 'openwebui:ann');
  });

  it('waits no longer than it should, whether nothing comes or not all', async () => {
    const introspection = new Introspection(server.url, log, { clock, timeoutMs: 50 });
    const [hanging, halting] = [
      () => true,
      (_: unknown, response: ServerResponse) => response.writeHead(200).write('{'),
    ];
    for (const behave of [hanging, halting]) {
      server.behave = (request, response) => behave(request, response) || true;
      await assert.rejects(
        introspection.ask('a.b.c', AWAY.from),
        (error) => error instanceof GatewayError && error.status === 503,
      );
    }
    assert.deepEqual(log.lines[0]?.fields, { url: server.url, reason: 'TimeoutError' });
  });
});

describe('the cookie, by introspection', () => {
  it('names who Open WebUI says, nobody it refuses, and fails where it cannot say', async () => {
    const openWebui = asking();
    assert.equal(
      (await openWebui.cookieUser(await sessionToken('ann'), WHOLE, AWAY.from))?.principal.label,
      'ann@example.org (Ann)',
    );
    assert.equal(await openWebui.cookieUser(await sessionToken('nobody'), WHOLE, AWAY.from), undefined);
    await server.stop();
    const error = await refusal(async () => openWebui.cookieUser(await sessionToken('bob'), WHOLE, AWAY.from));
    assert.deepEqual([error.status, error.code], [503, UNAVAILABLE]);
    await server.listening.start();
  });
});
