/** Bounds how much one tool's document may grow, so that a small schema that refers to itself a billion times stays small. */
import type { JsonSchema } from './json-schema.ts';
import { partsOf } from './parts.ts';
import { jsonLength } from './same-json.ts';

/** Nodes that one tool's schemas may have once their references are followed; what lies beyond is cut. */
export const MOST_NODES = 5_000;
/** Levels that they may have. */
export const DEEPEST_LEVEL = 32;
/** Characters of JSON, about, that one tool's schemas may take together; what lies beyond is left out. */
export const MOST_OF_TOOL = 1024 * 1024;

/** Braces, a type and the like. */
const NODE = 40;

/**
 * Characters that a link to follow or a part to join costs. It takes the time of some more, but at this price the
 * references of an honest schema cost a fifth of what is written.
 */
const STEP = 4;

/** What is left for one tool; nodes and characters are taken from it as they are written. */
export class Budget {
  #nodes = MOST_NODES;
  #left: number;
  readonly #size: number;
  /** Long values stand in many nodes, once references are followed: each is measured once. */
  readonly #lengths = new Map<unknown, number | undefined>();

  constructor(size = MOST_OF_TOOL) {
    this.#size = Math.min(size, MOST_OF_TOOL);
    this.#left = this.#size;
  }

  /** True, and one node less, while there are nodes left and the level is not too deep. */
  takeNode(depth: number): boolean {
    if (depth > DEEPEST_LEVEL || this.isSpent) return false;
    this.#nodes -= 1;
    return true;
  }

  /** True once no node is left: others are cut. */
  get isSpent(): boolean {
    return this.#nodes <= 0 || this.isFull;
  }

  /** True once nothing more may be written, not even that it is cut. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** Characters taken so far. */
  get taken(): number {
    return this.#size - this.#left;
  }

  /** So many characters less. */
  spend(length: number): void {
    this.#left -= length;
  }

  /** Takes what every look at a node costs, written or not: a little for each of its parts. */
  spendLook(schema: JsonSchema): void {
    this.#left -= NODE + partsOf(schema);
  }

  /** Takes what following links and joining what they lead to costs; false, with nothing left, when it is too much. */
  takeSteps(steps: number): boolean {
    this.#left = Math.max(this.#left - STEP * steps, Math.min(this.#left, 0));
    return !this.isFull;
  }

  /** True, and so much less, when the value can be written within what is left. */
  takeValue(value: unknown): boolean {
    const length = this.#lengthOf(value);
    if (length === undefined || length > this.#left) return false;
    this.#left -= length;
    return true;
  }

  /** The same for a list, which may have been made for this node alone: its values are those of the document. */
  takeValues(values: readonly unknown[]): boolean {
    let length = 0;
    for (const value of values) {
      length += (this.#lengthOf(value) ?? Infinity) + 1;
      if (length > this.#left) return false;
    }
    this.#left -= length;
    return true;
  }

  #lengthOf(value: unknown): number | undefined {
    const known = this.#lengths.get(value);
    if (known !== undefined || this.#lengths.has(value)) return known;
    const length = jsonLength(value, this.#size);
    this.#lengths.set(value, length);
    return length;
  }
}
