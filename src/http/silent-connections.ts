/** Connections on which nothing was ever said: Node does not count them as idle, so they would delay the end of the gateway. */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Clients open such connections ahead, above all after they have cut a stream. */
export function closeSilentConnections(app: FastifyInstance): void {
  const open = new Set<Socket>();
  let isClosing = false;
  app.server.on('connection', (socket: Socket) => {
    // The last ones come between now and the end of the port.
    if (isClosing) socket.destroy();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('preClose', (done) => {
    isClosing = true;
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
}
