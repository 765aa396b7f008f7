/** Whether Open WebUI is found where it should be. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { probeOpenWebui } from '../../../src/identity/open-webui/probe.ts';
import { listen } from '../../helpers/listen.ts';
import { reply } from './auths-server.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const never = new AbortController().signal;

async function probed(t: TestContext, answer: Answer): Promise<[problem: string | undefined, origin: string]> {
  const listening = await listen(answer);
  t.after(() => listening.stop());
  return [await probeOpenWebui(listening.origin, { signal: never }), listening.origin];
}

describe('looking for Open WebUI', () => {
  it('asks for its version, without a token', async (t) => {
    const seen: IncomingMessage[] = [];
    const [problem] = await probed(t, (request, response) => {
      seen.push(request);
      reply(response, 200, { version: '0.12.4', deployment_id: '' });
    });
    assert.equal(problem, undefined);
    assert.deepEqual(
      seen.map(({ url, headers }) => [url, headers.authorization]),
      [['/api/version', undefined]],
    );
  });

  it('tells what is not Open WebUI, with the address', async (t) => {
    const page = '<!doctype html>';
    for (const body of [page, [], { version: 1 }, 'x'.repeat(100_000)]) {
      const [problem, origin] = await probed(t, (_, response) => reply(response, 200, body));
      assert.equal(problem, `what answers at ${origin} is not Open WebUI`);
    }
    const [problem, origin] = await probed(t, (_, response) => reply(response, 404, page));
    assert.equal(problem, `${origin} answered 404 where Open WebUI tells its version`);
  });

  it('tells that nobody is there, or does not answer in time', async () => {
    const listening = await listen(() => undefined);
    const slow = await probeOpenWebui(listening.origin, { signal: never, timeoutMs: 50 });
    assert.match(slow ?? '', /^Open WebUI is not reached at http:\/\/127\.0\.0\.1:\d+ \(TimeoutError\)$/);
    await listening.stop();
    const gone = await probeOpenWebui(listening.origin, { signal: never });
    assert.match(gone ?? '', /\(ECONNREFUSED\)$/);
  });

  it('says nothing once latchkey ends', async (t) => {
    const ending = new AbortController();
    const listening = await listen(() => ending.abort());
    t.after(() => listening.stop());
    assert.equal(await probeOpenWebui(listening.origin, { signal: ending.signal }), undefined);
  });
});
