/** Event streams whose entry goes while it is found out who asks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuration } from '../../helpers/configs.ts';
import { listen } from '../../helpers/listen.ts';
import { bearer } from '../../helpers/open-webui-users.ts';
import { until } from '../../helpers/wait.ts';
import { startFor } from '../start-for.ts';
import { Pids, strict } from './sse-servers.ts';

test('who comes to an entry that is removed meanwhile finds none, and starts nothing', async (t) => {
  const pids = new Pids();
  let vouch: (() => void) | undefined;
  const openWebui = await listen((_request, response) => {
    vouch = () => response.setHeader('content-type', 'application/json').end('{"id":"ann","role":"user"}');
  });
  t.after(() => openWebui.stop());
  t.after(() => pids.remove());
  const keys = { port: 8000, open_webui: { url: openWebui.origin } };
  const app = await startFor(t, { servers: { one: strict(pids.flag) }, keys });
  const asked = app.get('/one', await bearer('ann'));
  const vouched = await until(() => vouch);
  await app.gateway.apply(configuration());
  vouched();
  const answer = await asked;
  assert.deepEqual([answer.status, await answer.text()], [404, '']);
  assert.deepEqual(pids.all(), []);
});
