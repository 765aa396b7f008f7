/** Where the authorization server keeps clients, grants and tokens: a map that goes with the process. */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

export class MemoryState {
  readonly #entries = new Map<string, Entry>();

  /** What oidc-provider asks for each of its models. */
  readonly factory: AdapterFactory = (model) => this.#adapter(model);

  /** Everything of this model that is kept, expired or not. */
  all(model: string): readonly AdapterPayload[] {
    return [...this.#entries.values()].filter((entry) => entry.model === model).map(({ payload }) => payload);
  }

  /** Deletes the entries of these models that `condition` holds for; returns how many. */
  remove(models: readonly string[], condition: (payload: AdapterPayload) => boolean = () => true): number {
    let count = 0;
    for (const [key, { model, payload }] of this.#entries) {
      if (models.includes(model) && condition(payload) && this.#entries.delete(key)) count += 1;
    }
    return count;
  }

  #adapter(model: string): Adapter {
    const find = async (id: string): Promise<AdapterPayload | undefined> => this.#live(`${model}:${id}`)?.payload;
    const findBy = async (field: 'uid' | 'userCode', value: string): Promise<AdapterPayload | undefined> => {
      const entry = [...this.#entries.values()].find((one) => one.model === model && one.payload[field] === value);
      return entry === undefined ? undefined : find(entry.id);
    };
    return {
      find,
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (code) => findBy('userCode', code),
      upsert: async (id, payload, expiresIn) => {
        const expiresAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000;
        this.#entries.set(`${model}:${id}`, { model, id, payload: { ...payload }, expiresAt });
      },
      consume: async (id) => {
        const entry = this.#live(`${model}:${id}`);
        if (entry !== undefined) entry.payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        this.#entries.delete(`${model}:${id}`);
      },
      revokeByGrantId: async (grantId) => {
        this.remove([model], (payload) => payload.grantId === grantId);
      },
    };
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > Date.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
