/** What one address may make the gateway ask of Open WebUI: no flood of tokens from one keeps others from being known. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { OpenWebuiConfig } from '../../../src/config/model.ts';
import type { OpenWebuiUsers, Sender } from '../../../src/identity/open-webui/users.ts';
import { sessionToken, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { until } from '../../helpers/wait.ts';
import { CollectedLog } from '../../storage/collected-log.ts';
import { AuthsServer, reply } from './auths-server.ts';
import { AWAY, refusal, refusedAs, TestClock, users, WHOLE } from './configured.ts';

const MOST_OF_ONE = 20;
const MOST_REFUSALS = 30;
const OTHER = at('192.0.2.2');

let server: AuthsServer;
let clock: TestClock;
let log: CollectedLog;

beforeEach(async () => {
  server = await AuthsServer.start();
  server.users.set('ann', { name: 'Ann' });
  server.users.set('bob', { name: 'Bob' });
  clock = new TestClock();
  log = new CollectedLog();
});
afterEach(() => server.stop());

function asking(config: Partial<OpenWebuiConfig> = {}): OpenWebuiUsers {
  return users({ introspect: true, url: server.url, ...config }, clock, log);
}

function at(from: string): Sender {
  return { isLocal: false, from };
}

function made(count: number, id = 'nobody', claims = {}): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => sessionToken(id, { claims: { jti: `${id}-${index}`, ...claims } })),
  );
}

async function idOf(openWebui: OpenWebuiUsers, id: string, sender: Sender): Promise<string> {
  return (await openWebui.byToken(await sessionToken(id), WHOLE, sender)).id;
}

/** The seconds to wait. */
async function refusedForNow(work: () => unknown): Promise<number> {
  const { status, code, headers } = await refusal(work);
  assert.deepEqual([status, code], [429, 'too_many_attempts']);
  return Number(headers['retry-after']);
}

describe('questions under way', () => {
  /** As many as one address may have, each from the next of `senders`; none is answered before `answer`. */
  async function flooded(openWebui: OpenWebuiUsers, senders: readonly Sender[]) {
    const waiting: ServerResponse[] = [];
    server.behave = (_, response) => waiting.push(response) > 0;
    const tokens = await made(MOST_OF_ONE);
    const asked = tokens.map(async (token, index) => {
      const sender = senders[index % senders.length];
      assert.ok(sender);
      return openWebui.byToken(token, WHOLE, sender);
    });
    await until(() => waiting.length === MOST_OF_ONE);
    server.behave = () => false;
    return async () => {
      waiting.forEach((response) => void reply(response, 401, {}));
      await Promise.allSettled(asked);
    };
  }
  const refused = async (openWebui: OpenWebuiUsers, sender: Sender) =>
    refusedAs(
      async () => openWebui.byToken(await sessionToken('ann'), WHOLE, sender),
      503,
      'identity_unavailable',
      /in a moment/,
    );

  it('are twenty of one address at most, which leaves room for others', async () => {
    const openWebui = asking();
    const answer = await flooded(openWebui, [AWAY]);
    await refused(openWebui, AWAY);
    assert.equal(server.seen.length, MOST_OF_ONE);
    assert.equal(await idOf(openWebui, 'bob', OTHER), 'openwebui:bob');
    await answer();
    assert.equal(await idOf(openWebui, 'ann', AWAY), 'openwebui:ann', 'it goes on');
    assert.deepEqual(log.lines, [], 'Open WebUI is within reach');
  });

  it('count for a network of IPv6 as for one address', async () => {
    const openWebui = asking();
    const answer = await flooded(openWebui, [at('2001:db8:0:7::1'), at('2001:db8::7:1:2:3:4'), at('2001:db8:0:7::2')]);
    await refused(openWebui, at('2001:db8:0:7:ffff::'));
    assert.equal(await idOf(openWebui, 'bob', at('2001:db8:0:8::1')), 'openwebui:bob');
    await answer();
  });

  it('are free again where no verdict came', async () => {
    const openWebui = asking();
    server.behave = (_, response) => {
      reply(response, 500, {});
      return true;
    };
    const all = (await made(MOST_OF_ONE)).map(async (token) => openWebui.byToken(token, WHOLE, AWAY));
    await Promise.allSettled(all);
    server.behave = () => false;
    assert.equal(await idOf(openWebui, 'ann', AWAY), 'openwebui:ann');
  });
});

describe('refused tokens', () => {
  async function spend(openWebui: OpenWebuiUsers, sender: Sender, count = MOST_REFUSALS + 1): Promise<void> {
    for (const token of await made(count)) {
      await refusedAs(() => openWebui.byToken(token, WHOLE, sender), 401, 'invalid_credentials', /revoked/);
    }
  }

  it('make an address wait where there were more than thirty within a minute; Open WebUI is not asked', async () => {
    const openWebui = asking();
    await spend(openWebui, AWAY);
    const ann = await sessionToken('ann');
    const seconds = await refusedForNow(() => openWebui.byToken(ann, WHOLE, AWAY));
    assert.ok(seconds > 0 && seconds <= 60);
    await refusedForNow(() => openWebui.cookieUser(ann, WHOLE, AWAY.from));
    assert.equal(server.seen.length, MOST_REFUSALS + 1);
    assert.equal((await openWebui.byToken(ann, WHOLE, OTHER)).id, 'openwebui:ann', 'others go on');
    clock.tick(60_001);
    assert.equal(await idOf(openWebui, 'bob', AWAY), 'openwebui:bob', 'after a minute');
  });

  it('do not make those wait who are known', async () => {
    const openWebui = asking();
    const ann = await sessionToken('ann');
    await openWebui.byToken(ann, WHOLE, AWAY);
    await spend(openWebui, AWAY);
    assert.equal((await openWebui.byToken(ann, WHOLE, AWAY)).id, 'openwebui:ann');
    assert.equal((await openWebui.cookieUser(ann, WHOLE, AWAY.from))?.principal.id, 'openwebui:ann');
  });

  it('count once for each time that Open WebUI was asked', async () => {
    const openWebui = asking();
    const [token = ''] = await made(1);
    for (let count = 0; count < 2 * MOST_REFUSALS; count += 1) {
      await refusal(() => openWebui.byToken(token, WHOLE, AWAY));
    }
    assert.equal(server.seen.length, 1);
    assert.equal(await idOf(openWebui, 'ann', AWAY), 'openwebui:ann');
    await spend(openWebui, AWAY, MOST_REFUSALS - 1);
    assert.equal(await idOf(openWebui, 'bob', AWAY), 'openwebui:bob', 'thirty are not more than thirty');
  });

  it('are also those of who waits for an administrator, and none where no verdict came', async () => {
    const openWebui = asking();
    server.users.set('new', { role: 'pending' });
    for (const token of await made(MOST_REFUSALS, 'new')) await refusal(() => openWebui.byToken(token, WHOLE, AWAY));
    server.behave = (_, response) => {
      reply(response, 500, {});
      return true;
    };
    for (const token of await made(3)) await refusal(() => openWebui.byToken(token, WHOLE, AWAY));
    server.behave = () => false;
    assert.equal(await idOf(openWebui, 'ann', AWAY), 'openwebui:ann');
    await spend(openWebui, AWAY, 1);
    await refusedForNow(() => idOf(openWebui, 'bob', AWAY));
  });

  it('are not those of programs that a signature lets in', async () => {
    const programs = await made(MOST_REFUSALS + 1, 'ann', { typ: 'automation' });
    const verifying = asking({ secretKey: WEBUI_SECRET });
    for (const token of programs) assert.equal((await verifying.byToken(token, WHOLE, AWAY)).id, 'openwebui:ann');
    assert.equal(await idOf(verifying, 'bob', AWAY), 'openwebui:bob');
    const alone = asking();
    for (const token of programs) await refusal(() => alone.byToken(token, WHOLE, AWAY));
    await refusedForNow(() => idOf(alone, 'bob', AWAY));
  });
});
