/** Whether a stream's caller would still be let in: only what is sure ends one, and only streams end. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import { GatewayError } from '../../../src/errors.ts';
import { OpenStreams } from '../../../src/http/mcp/admission.ts';
import { buildIdentity } from '../../../src/identity/authenticators.ts';
import type { TokenHolder } from '../../../src/identity/personal-tokens.ts';
import type { Principal } from '../../../src/identity/principal.ts';
import { until } from '../../helpers/wait.ts';
import { users } from '../../identity/open-webui/configured.ts';

const ANN: Principal = { id: 'basic:ann', via: 'token', label: 'ann' };
const TOKEN = { authorization: `Bearer lk_${'a'.repeat(43)}` };

describe('a stream', () => {
  let app: FastifyInstance;
  let url: string;
  let verdict: () => TokenHolder | Promise<TokenHolder>;
  let asked: number;
  let written: number;

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const auth = { basic: [{ username: 'ann', password: 'ann-pw' }], bearer: [] };
    const find = () => {
      asked += 1;
      return verdict();
    };
    const identity = buildIdentity({ auth, openWebui: users({}), tokens: { find } });
    const maker = { id: ANN.id, via: 'basic' } as const;
    const holder: TokenHolder = { principal: ANN, maker, proof: identity.proofOf(maker) ?? '' };
    verdict = () => holder;
    asked = 0;
    written = 0;
    app = fastify({ forceCloseConnections: true });
    const sessions = { open: async () => undefined };
    const gateway = { servers: new Map() } as never;
    const streams = new OpenStreams(app, { identity, sessions, gateway, isLocalOnly: false });
    app.get('/:kind', (request, reply) => {
      request.principal = ANN;
      streams.watch(request, reply);
      reply.hijack();
      if ((request.params as { kind: string }).kind === 'stream') reply.raw.writeHead(200).write('.');
      else setTimeout(() => reply.raw.writeHead(200).end('answer'), 50);
      written += 1;
    });
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    mock.timers.reset();
    await app.close();
  });

  const look = (): void => mock.timers.tick(5_000);

  async function open(headers: Record<string, string>): Promise<{ readonly isOver: boolean }> {
    const response = await fetch(`${url}/stream`, { headers });
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    response.text().then(over, over);
    return state;
  }

  it('goes on where it cannot be found out, and ends once it is known', async () => {
    const stream = await open(TOKEN);
    for (const status of [503, 429, undefined]) {
      verdict = async () => {
        throw status === undefined
          ? new Error('no storage')
          : new GatewayError('identity_unavailable', status, 'later');
      };
      const before = asked;
      // The one before may still be under way.
      await until(() => {
        look();
        return asked > before;
      });
      assert.equal(stream.isOver, false, String(status));
    }
    verdict = () => {
      throw new GatewayError('invalid_credentials', 401, 'revoked');
    };
    await until(() => {
      look();
      return stream.isOver;
    });
    const before = asked;
    look();
    assert.equal(asked, before, 'what has ended is not looked at');
  });

  it('ends where its token is that of another person now', async () => {
    const stream = await open(TOKEN);
    const { maker, proof } = await verdict();
    verdict = () => ({ principal: { ...ANN, id: 'basic:ben' }, maker, proof });
    look();
    await until(() => stream.isOver);
  });

  it('of a password is not looked at', async () => {
    const stream = await open({ authorization: `Basic ${Buffer.from('ann:wrong by now').toString('base64')}` });
    look();
    assert.deepEqual([asked, stream.isOver], [0, false]);
  });

  it('that has not begun is answered yet', async () => {
    verdict = () => {
      throw new GatewayError('invalid_credentials', 401, 'revoked');
    };
    const answer = fetch(`${url}/answer`, { headers: TOKEN });
    await until(() => written === 1);
    look();
    assert.equal(await (await answer).text(), 'answer');
    assert.equal(asked, 0);
  });
});
