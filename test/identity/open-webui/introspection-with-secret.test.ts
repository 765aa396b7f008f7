/** A secret and asking together: what the secret refuses is asked of nobody. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sessionToken, WEBUI_SECRET } from '../../helpers/open-webui-users.ts';
import { AuthsServer, reply } from './auths-server.ts';
import { AWAY, PERSONAL, refusedAs, users, WHOLE } from './configured.ts';

const OTHER_SECRET = 'w1Cz8Ke5Tn3Vx7Ly4Rb9Mq2Hd6Ju0Sg';
const INVALID = 'invalid_credentials';

let server: AuthsServer;

beforeEach(async () => {
  server = await AuthsServer.start();
  server.users.set('ann', { name: 'Ann', email: 'ann@example.org' });
});
afterEach(() => server.stop());

describe('introspection with a secret', () => {
  const both = () => users({ introspect: true, url: server.url, secretKey: WEBUI_SECRET });

  it('verifies first, and asks about what is right only', async () => {
    const openWebui = both();
    const forged = await sessionToken('ann', { secret: OTHER_SECRET });
    await refusedAs(() => openWebui.byToken(forged, WHOLE, AWAY), 401, INVALID, /another secret/);
    assert.equal(server.seen.length, 0);
    assert.equal((await openWebui.byToken(await sessionToken('ann'), WHOLE, AWAY)).id, 'openwebui:ann');
    server.revoked.add('one');
    const revoked = await sessionToken('ann', { claims: { jti: 'one' } });
    await refusedAs(() => openWebui.byToken(revoked, WHOLE, AWAY), 401, INVALID, /revoked/);
  });

  it('takes tokens of programs by their signature, which Open WebUI does not call sessions', async () => {
    for (const typ of ['automation', 'subagent']) {
      const token = await sessionToken('ann', { claims: { typ } });
      assert.equal((await both().byToken(token, WHOLE, AWAY)).id, 'openwebui:ann');
    }
    server.behave = (_, response) => {
      reply(response, 403, {});
      return true;
    };
    for (const typ of ['session', undefined]) {
      const token = await sessionToken('ann', { claims: { typ } });
      await refusedAs(() => both().byToken(token, WHOLE, AWAY), 401, INVALID, /session of a person/);
    }
  });

  it('is not asked at a server with a secret of its own', async () => {
    const own = { ...PERSONAL, secretKey: OTHER_SECRET };
    const token = await sessionToken('ann', { secret: OTHER_SECRET });
    assert.equal((await both().byToken(token, own, AWAY)).id, 'openwebui:ann');
    await refusedAs(async () => both().byToken(await sessionToken('ann'), own, AWAY), 401, INVALID, /another secret/);
    assert.equal(server.seen.length, 0);
  });
});
