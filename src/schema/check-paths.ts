/** Places in a body as a tree, so that many of them can be compared without looking at each with each. */

export type Path = readonly (string | number)[];

interface Node {
  isEnd: boolean;
  next: Map<string | number, Node> | undefined;
}

/** A set of places. */
export class Paths {
  readonly #root: Node = { isEnd: false, next: undefined };
  #isEmpty = true;

  add(path: Path): void {
    this.#isEmpty = false;
    let at = this.#root;
    for (const part of path) {
      at.next ??= new Map();
      const below = at.next.get(part) ?? { isEnd: false, next: undefined };
      at.next.set(part, below);
      at = below;
    }
    at.isEnd = true;
  }

  has(path: Path): boolean {
    return this.#at(path)?.isEnd === true;
  }

  /** True when one of the places is this one or lies in it. */
  hasWithin(path: Path): boolean {
    return !this.#isEmpty && this.#at(path) !== undefined;
  }

  /** True when one of the places is this one or has it within. */
  hasAround(path: Path): boolean {
    let at: Node | undefined = this.#root;
    for (const part of path) {
      if (at === undefined || at.isEnd) break;
      at = at.next?.get(part);
    }
    return at?.isEnd === true;
  }

  #at(path: Path): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const part of path) at = at?.next?.get(part);
    return at;
  }
}
