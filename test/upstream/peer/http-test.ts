/** A bare HTTP server with a peer in front of it, and a person's tokens, for the tests of this folder. */
import type { TestContext } from 'node:test';
import type { Credential, Refusal } from '../../../src/oauth/credential.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { type Exchange, HttpServer, type HttpServerOptions } from '../../helpers/http-server.ts';
import { OpenPeer } from './peer-test.ts';

export class HttpTest extends OpenPeer {
  readonly server: HttpServer;

  static async open(t: TestContext, options: HttpServerOptions = {}, credential?: Credential): Promise<HttpTest> {
    const server = await HttpServer.start(options);
    t.after(() => server.stop());
    return new HttpTest(t, server, credential);
  }

  constructor(t: TestContext, server: HttpServer, credential?: Credential) {
    super(t, urlEndpoint('http', server.url, { 'x-team': 'blue' }), credential);
    this.server = server;
  }

  /** From now on `behave` answers requests of this name. */
  on(name: string, behave: (exchange: Exchange) => void): void {
    const before = this.server.behave;
    this.server.behave = (exchange) => {
      if (exchange.name !== name) return before(exchange);
      behave(exchange);
      return true;
    };
  }
}

/** The JSON-RPC answer to a request. */
export function result(exchange: Exchange, value: object = {}): object {
  return { jsonrpc: '2.0', id: exchange.message?.id, result: value };
}

/** A person's tokens: each refusal brings the next one. */
export class Tokens implements Credential {
  readonly refusals: Refusal[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  token(): string {
    return `token-${this.refusals.length}`;
  }

  refused(refusal: Refusal): Promise<void> {
    this.refusals.push(refusal);
    return this.refusals.length > this.#most ? Promise.reject(new Error('log in again')) : Promise.resolve();
  }
}
