/**
 * What clients come to: the conformance server, latchkey with it as the server `s`, and latchkey with it as the single
 * one. Says on stdout, as one line of JSON, where each is; ends when its stdin does.
 */
import { startGateway, startSingle } from './gateway.ts';
import { startServer } from './server.ts';

async function main(): Promise<void> {
  const direct = await startServer();
  const gateways = await Promise.all([startGateway({ type: 'streamable-http', url: direct }), startSingle(direct)]);
  const [named, single] = gateways;
  process.stdout.write(`${JSON.stringify({ direct, named: named.base, single: single.base })}\n`);
  process.stdin.resume();
  await new Promise((done) => process.stdin.once('close', done));
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  for (const gateway of gateways) process.stderr.write(gateway.log());
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
await main();
// The server has sessions open that nobody will end.
process.exit();
