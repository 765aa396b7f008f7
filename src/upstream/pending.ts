/** Which answer belongs to which request, on a wire where all messages share one stream. */
import { classify, type Id, messagesOf, type Params, replyText } from './jsonrpc.ts';
import { UnderWay } from './under-way.ts';
import { badAnswer, type SendOptions, type WireEvents } from './wire.ts';

interface Waiting {
  readonly id: Id;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: (() => void) | undefined;
}

export class PendingRequests {
  readonly #waiting = new UnderWay<Id, Waiting>();
  readonly #events: WireEvents;
  #nextId = 1;

  constructor(events: WireEvents) {
    this.#events = events;
  }

  /** A fresh id; also the progress token of its request. */
  nextId(): number {
    return this.#nextId++;
  }

  /** Waits for the answer to `id`; on abort `cancel` tells the server, and the promise rejects with the reason. */
  wait(id: Id, options: SendOptions, cancel: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const onAbort = (): void => {
        if (this.#take(id) === undefined) return;
        cancel();
        reject(signal.reason);
      };
      const done = (): void => signal.removeEventListener('abort', onAbort);
      this.#waiting.set(id, {
        id,
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        onProgress: options.onProgress,
      });
      signal.addEventListener('abort', onAbort);
    });
  }

  /** Takes one parsed message; what must be answered goes out through `send`. */
  receive(message: unknown, send: (text: string) => void): void {
    for (const one of messagesOf(message)) this.#receiveOne(one, send);
  }

  #receiveOne(message: unknown, send: (text: string) => void): void {
    const incoming = classify(message);
    switch (incoming.kind) {
      case 'result':
        this.#take(incoming.id)?.resolve(incoming.result);
        return;
      case 'error':
        this.#failed(incoming.id, incoming.error);
        return;
      case 'request':
        send(replyText(incoming.id, incoming.method));
        return;
      case 'notification':
        this.#notification(incoming.method, incoming.params);
        return;
      case 'invalid':
        if (incoming.id !== undefined) this.fail(incoming.id, badAnswer('The server sent an invalid answer.'));
    }
  }

  /** Fails one request, if it still waits. */
  fail(id: Id, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  /** Fails all that still wait. */
  failAll(error: (id: Id) => unknown): void {
    for (const { id } of this.#waiting.all()) this.#take(id)?.reject(error(id));
  }

  /** For what can only be about one request: fails it if only that one waits. */
  failOnly(error: Error): void {
    if (this.#waiting.size === 1) this.failAll(() => error);
  }

  /** An error about a message that the server could not read has no id; it is about the request that waits, if only one does. */
  #failed(id: Id | undefined, error: Error): void {
    if (id !== undefined) this.fail(id, error);
    else this.failOnly(error);
  }

  #notification(method: string, params: Params): void {
    if (method === 'notifications/progress') {
      const token = params.progressToken;
      if (typeof token === 'number' || typeof token === 'string') this.#waiting.get(token)?.onProgress?.();
      return;
    }
    this.#events.onNotification(method, params);
  }

  #take(id: Id): Waiting | undefined {
    return this.#waiting.take(id);
  }
}
