/** Where logins under way lie, sealed, for ten minutes. */
import type { Store, Table } from '../storage/store.ts';
import { FLOW_MS, type Flow } from './flow.ts';
import { stored } from './stored.ts';

const TABLE = 'flows';

/** All methods reject with `GatewayError` `storage_failed` where the store does. */
export class FlowStore {
  readonly #flows: Table<Flow>;

  /** The tables of `store` are sealed. */
  constructor(store: Store) {
    this.#flows = store.table(TABLE);
  }

  async put(id: string, flow: Flow): Promise<void> {
    await stored(this.#flows.set(id, flow, FLOW_MS));
  }

  /** The flow stays. */
  async look(id: string): Promise<Flow | undefined> {
    return stored(this.#flows.get(id));
  }

  /** The flow is gone: of many racers one gets it. */
  async take(id: string): Promise<Flow | undefined> {
    return stored(this.#flows.take(id));
  }

  /** Removes up to `limit` flows that nobody ended in time. */
  async sweep(limit: number): Promise<void> {
    await stored(this.#flows.sweep(limit));
  }
}
