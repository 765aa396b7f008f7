/** A node:http server on a free loopback port that can be stopped, cut and started again on the same port. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly origin: string;
  /** Cuts every connection; the port refuses until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Refuses new connections, while those that are open go on. */
  refuse(): void;
  /** Cuts every connection; the port stays open. */
  cut(): void;
}

export async function listen(listener: RequestListener): Promise<Listening> {
  let server = await open(listener, 0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      const closed = server.listening ? once(server, 'close') : Promise.resolve();
      server.close();
      server.closeAllConnections();
      await closed;
    },
    start: async () => {
      server = await open(listener, port);
    },
    refuse: () => {
      server.close();
    },
    cut: () => server.closeAllConnections(),
  };
}

async function open(listener: RequestListener, port: number): Promise<Server> {
  const server = createServer(listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
