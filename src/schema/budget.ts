/** Bounds how much one tool's document may grow, so that a small schema that refers to itself a billion times stays small. */
import { jsonLength } from './same-json.ts';

/** Nodes that one tool's schema may have once its references are followed. */
export const MOST_NODES = 5_000;
/** Levels that it may have. */
export const DEEPEST_LEVEL = 32;
/** Characters of words, values and examples that it may carry. */
const MOST_TEXT = 1_000_000;

/** What is left for one document; nodes and text are taken from it as they are written. */
export class Budget {
  #nodes = MOST_NODES;
  #text = MOST_TEXT;

  /** True, and one node less, while there are nodes left and the level is not too deep. */
  takeNode(depth: number): boolean {
    if (depth > DEEPEST_LEVEL || this.#nodes <= 0) return false;
    this.#nodes -= 1;
    return true;
  }

  /** True once no node is left. */
  get spent(): boolean {
    return this.#nodes <= 0;
  }

  /** True, and so much less, when the value can be written within what is left. */
  takeValue(value: unknown): boolean {
    const length = jsonLength(value, this.#text);
    if (length === undefined) return false;
    this.#text -= length;
    return true;
  }
}
