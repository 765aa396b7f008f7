/** The events of one session's streams, so that a client can come back for what it missed. */
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

interface StoredEvent {
  readonly streamId: string;
  readonly message: JSONRPCMessage;
}

export class MemoryEvents implements EventStore {
  readonly #events: StoredEvent[] = [];

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    return String(this.#events.push({ streamId, message }) - 1);
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return this.#events[Number(eventId)]?.streamId;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = Number(lastEventId);
    const streamId = this.#events[last]?.streamId;
    if (streamId === undefined) throw new Error(`unknown event ${lastEventId}`);
    for (const [index, event] of this.#events.entries()) {
      // What opens a stream has an id and no message.
      const isMissed = index > last && event.streamId === streamId && Object.keys(event.message).length > 0;
      if (isMissed) await send(String(index), event.message);
    }
    return streamId;
  }
}
