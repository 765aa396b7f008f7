/** Two real processes that share a store, and one login. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { expired, type House, newGrant, openHouse, protectedServer } from './grants-helper.ts';
import type { Order, Report } from './grants-process.ts';

const OWNER = 'basic:alice';
const server = protectedServer();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-renew-processes-'));
const children: ChildProcess[] = [];

let as: AuthorizationServer;

before(async () => {
  as = await startAuthorizationServer();
});
after(async () => {
  for (const child of children) child.kill();
  await as.close();
  rmSync(folder, { recursive: true });
});

async function startProcess(file: string): Promise<ChildProcess> {
  const path = new URL('./grants-process.ts', import.meta.url).pathname;
  const child = fork(path, [file, OWNER], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  await once(child, 'message');
  return child;
}

async function order(child: ChildProcess, what: Order): Promise<Report> {
  child.send(what);
  const [report] = await once(child, 'message');
  return report as Report;
}

async function end(child: ChildProcess): Promise<void> {
  child.send({ end: true } satisfies Order);
  await once(child, 'exit');
}

/** A file with a login of a real authorization server in it, and two processes on it. */
async function twoProcesses(name: string): Promise<{ first: ChildProcess; second: ChildProcess; house: House }> {
  const file = join(folder, `${name}.db`);
  const house = await openHouse({ uri: `sqlite:${file}` });
  const [first, second] = await Promise.all([startProcess(file), startProcess(file)]);
  return { first, second, house };
}

describe('two processes with one login', () => {
  it('make one refresh request of 50 callers each, expiry after expiry', async () => {
    const { first, second, house } = await twoProcesses('race');
    as.tokenDelayMs = 100;
    await house.grants.save(server, OWNER, await newGrant(as));
    for (let round = 1; round <= 5; round += 1) {
      await house.grants.change(server, OWNER, (grant) => ({ ...grant, expiresAt: 1 }));
      const before = as.counts('refresh_token');
      const asked = [first, second].map((child) => order(child, { ask: 50, anew: true }));
      const reports = await Promise.all(asked);
      assert.equal(reports.flatMap(({ errors }) => errors).join(), '');
      assert.equal(new Set(reports.flatMap(({ tokens }) => tokens)).size, 1);
      assert.equal(as.counts('refresh_token'), before + 1, `round ${round}`);
    }
    assert.equal(as.happened('refresh-token-reused'), 0);
    assert.equal(as.happened('grant-revoked'), 0);
    as.tokenDelayMs = 0;
    await Promise.all([end(first), end(second), house.close()]);
  });

  it('both stop when the person disconnects at one of them', async () => {
    const { first, second, house } = await twoProcesses('disconnect');
    const grant = await newGrant(as);
    await house.grants.save(server, OWNER, grant);
    for (const child of [first, second]) {
      assert.deepEqual((await order(child, { ask: 1 })).tokens, [grant.accessToken]);
    }
    await order(first, { disconnect: true });
    const report = await until(async () => {
      const one = await order(second, { ask: 1 });
      return one.errors.length > 0 && one;
    });
    assert.deepEqual(report, { tokens: [], errors: ['authorization_required'], ended: [OWNER] });
    await Promise.all([end(first), end(second), house.close()]);
  });

  it('do not send a refresh token again that the other one sent before it was killed', async () => {
    const { first, second, house } = await twoProcesses('killed');
    await house.grants.save(server, OWNER, expired(await newGrant(as)));
    const before = as.counts('token');
    as.fail('token', 'hang');
    first.send({ ask: 1 } satisfies Order);
    await until(() => as.counts('token') > before);
    first.kill('SIGKILL');
    as.heal();
    // As if the lock and the time that a sent token is left alone had passed.
    await house.stores.plain.table('leases').delete(`refresh:${JSON.stringify([OWNER, server.name, server.url.href])}`);
    assert.ok((await house.grants.read(server, OWNER))?.grant.refreshSentAt);
    await house.grants.change(server, OWNER, (grant) => ({ ...grant, refreshSentAt: Date.now() - 60_000 }));
    const report = await order(second, { ask: 10 });
    assert.deepEqual(report.errors, ['authorization_required']);
    assert.equal(as.counts('token'), before + 1);
    assert.equal(as.happened('refresh-token-reused'), 0);
    await Promise.all([end(second), house.close()]);
  });
});
