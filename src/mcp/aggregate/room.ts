/** How much all directories together remember: the one that was used longest ago is forgotten, and read again on need. */

/** In characters of names. */
const MOST = 64 * 1024 * 1024;

/** Who remembers something. */
export interface Tenant {
  forget(): void;
}

export class Room {
  readonly #most: number;
  /** What each remembers, in characters; the one that was used last is the last. Nobody is kept alive by it. */
  readonly #tenants = new Map<WeakRef<Tenant>, number>();
  #characters = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** `tenant` is in use and remembers so much now; others may have to forget for that. */
  use(tenant: WeakRef<Tenant>, characters: number): void {
    this.#leave(tenant);
    this.#tenants.set(tenant, characters);
    this.#characters += characters;
    for (const other of this.#tenants.keys()) {
      if (this.#characters <= this.#most || other === tenant) return;
      this.#leave(other);
      other.deref()?.forget();
    }
  }

  #leave(tenant: WeakRef<Tenant>): void {
    this.#characters -= this.#tenants.get(tenant) ?? 0;
    this.#tenants.delete(tenant);
  }
}

/** Of the whole process: sessions do not know of each other. */
export const SHARED_ROOM = new Room();
