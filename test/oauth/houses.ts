/** Gateways for the tests of one file, at one authorization server that starts and ends with them. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { type House, type HouseOptions, openHouse } from './login-person.ts';

export interface Houses {
  /** The authorization server of all of them, from `before` on. */
  readonly as: AuthorizationServer;
  open(options?: Partial<HouseOptions>): Promise<House>;
}

/** Houses at one authorization server; all close when the tests of the file have ended, and no grant outlives its test. */
export function housesOfFile(): Houses {
  let as: AuthorizationServer | undefined;
  const houses: House[] = [];
  const server = (): AuthorizationServer => {
    assert.ok(as !== undefined, 'not before the tests');
    return as;
  };
  before(async () => {
    as = await startAuthorizationServer();
  });
  afterEach(() => {
    for (const account of ['alice', 'bob']) server().revokeGrantsOf(account);
  });
  after(async () => {
    await Promise.all(houses.map((house) => house.close()));
    await as?.close();
  });
  return {
    get as() {
      return server();
    },
    open: async (options = {}) => {
      const house = await openHouse({ issuer: server().issuer, ...options });
      houses.push(house);
      return house;
    },
  };
}
