/** Answers that wait behind an earlier one of the same connection: they hear of its end, too. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Clients may send requests without waiting for answers (RFC 9112 9.3.2). Node gives an answer its socket when those before
 * it are sent, and tells only the one that has it when the client goes: calls and streams of the others would go on for nobody.
 */
export function endQueuedAnswers(app: FastifyInstance): void {
  const queues = new WeakMap<Socket, Set<ServerResponse>>();
  app.server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    if (answer.socket !== null) return;
    const queue = queues.get(socket) ?? newQueue(socket);
    queues.set(socket, queue);
    queue.add(answer);
    answer.once('socket', () => queue.delete(answer));
  });
}

function newQueue(socket: Socket): Set<ServerResponse> {
  const queue = new Set<ServerResponse>();
  socket.once('close', () => {
    for (const answer of queue) end(answer);
    queue.clear();
  });
  return queue;
}

function end(answer: ServerResponse): void {
  let isTold = false;
  answer.once('close', () => {
    isTold = true;
  });
  answer.destroy();
  // Newer versions of Node tell the end of an answer that has no socket yet, older ones do not.
  setImmediate(() => {
    if (!isTold) answer.emit('close');
  });
}
