/**
 * What is under way, and comes and goes thousands of times a second.
 *
 * A Map that is tidied makes itself a new table, and V8 lets the former one point at it, with all that it held at that
 * moment. Once such a table is old, every young collection takes what it holds for alive, and the next table with it: no
 * request is freed any more before the next full collection, which costs a fifth of the time. Here tables hold boxes alone,
 * which are empty once their request is over.
 */

interface Box<V> {
  value: V | undefined;
}

/** By key; keys are primitives, since tables keep those. */
export class UnderWay<K extends string | number, V extends object> {
  readonly #boxes = new Map<K, Box<V>>();

  get size(): number {
    return this.#boxes.size;
  }

  has(key: K): boolean {
    return this.#boxes.has(key);
  }

  get(key: K): V | undefined {
    return this.#boxes.get(key)?.value;
  }

  set(key: K, value: V): void {
    this.#boxes.set(key, { value });
  }

  /** Removes what is there, if anything. */
  take(key: K): V | undefined {
    const box = this.#boxes.get(key);
    if (box === undefined) return undefined;
    this.#boxes.delete(key);
    const { value } = box;
    box.value = undefined;
    return value;
  }

  /** All that there is now, the oldest first. */
  all(): V[] {
    const all: V[] = [];
    for (const { value } of this.#boxes.values()) if (value !== undefined) all.push(value);
    return all;
  }

  clear(): void {
    for (const key of [...this.#boxes.keys()]) this.take(key);
  }
}

/** Without keys: who adds something gets what it is removed by. */
export class UnderWaySet<V extends object> {
  readonly #byNumber = new UnderWay<number, V>();
  #last = 0;

  get size(): number {
    return this.#byNumber.size;
  }

  add(value: V): number {
    this.#last += 1;
    this.#byNumber.set(this.#last, value);
    return this.#last;
  }

  /** False where it was removed before. */
  remove(number: number): boolean {
    return this.#byNumber.take(number) !== undefined;
  }

  /** All that there is now, the oldest first. */
  all(): V[] {
    return this.#byNumber.all();
  }
}
