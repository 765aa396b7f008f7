/** A process that lives on a store with others: does what its parent says, and tells what came of it. */
import { GatewayError } from '../../src/errors.ts';
import { openHouse, protectedServer } from './grants-helper.ts';

/** `anew`: as after a start, without what is in memory. */
export type Order =
  | { readonly ask: number; readonly anew?: boolean }
  | { readonly disconnect: true }
  | { readonly end: true };

/** The different tokens, or codes of errors, that came of an order. */
export interface Report {
  readonly tokens: readonly string[];
  readonly errors: readonly string[];
  /** Owners whose grants have ended here so far. */
  readonly ended: readonly string[];
}

const [file = '', owner = ''] = process.argv.slice(2);
const house = await openHouse({ uri: `sqlite:${file}`, recheckMs: 50 });
const server = protectedServer();
process.on('message', (order: Order) => void obey(order));
process.send?.('ready');

async function obey(order: Order): Promise<void> {
  if ('end' in order) {
    await house.close();
    return process.disconnect();
  }
  if ('disconnect' in order) await house.grants.remove(server, owner);
  const connection = house.connections.get(server, owner);
  if ('anew' in order) connection.rest();
  const asked = Array.from({ length: 'ask' in order ? order.ask : 0 }, async () => connection.token());
  const outcomes = await Promise.allSettled(asked);
  const tokens = new Set(outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  const errors = new Set(outcomes.flatMap((one) => (one.status === 'rejected' ? [codeOf(one.reason)] : [])));
  const report: Report = { tokens: [...tokens], errors: [...errors], ended: house.ended };
  process.send?.(report);
}

function codeOf(error: unknown): string {
  return error instanceof GatewayError ? error.code : String(error);
}
