/** How much callers may take up at once, each and all together, so that none of them exhausts what all live on. */

/** Until some of what a caller takes up may be free again. */
export const RETRY_SECONDS = 5;

/** Who something is counted for. */
export interface Payer {
  readonly key: string;
  /** False for callers who may be many people. */
  readonly isOnePerson: boolean;
  /** False where anybody could be any number of such callers. */
  readonly isProven: boolean;
}

export interface BudgetLimits {
  readonly perPerson: number;
  /** Of one caller who may be many people. */
  readonly perMany: number;
  /** Of all together who have not proved who they are: the rest is left to those who have. */
  readonly unproven: number;
  readonly all: number;
  /** What a caller may always take up, however much others do. */
  readonly always: number;
}

/** One caller's part of a budget. */
export interface Share {
  fits(amount: number): boolean;
  /** Counts `amount`, beyond the limits too; whoever can refuse asks `fits` first. Returns what takes it off again, once. */
  take(amount: number): () => void;
}

export class Budget {
  readonly #limits: BudgetLimits;
  /** By caller; never zero. */
  readonly #taken = new Map<string, number>();
  #unproven = 0;
  #all = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** How many callers take up something. */
  get callers(): number {
    return this.#taken.size;
  }

  of(payer: Payer): Share {
    return { fits: (amount) => this.#fits(payer, amount), take: (amount) => this.#take(payer, amount) };
  }

  #fits({ key, isOnePerson, isProven }: Payer, amount: number): boolean {
    const { perPerson, perMany, unproven, all, always } = this.#limits;
    const own = (this.#taken.get(key) ?? 0) + amount;
    if (own <= always) return true;
    if (own > (isOnePerson ? perPerson : perMany) || this.#all + amount > all) return false;
    return isProven || this.#unproven + amount <= unproven;
  }

  #take(payer: Payer, amount: number): () => void {
    this.#change(payer, amount);
    let isTaken = true;
    return () => {
      if (isTaken) this.#change(payer, -amount);
      isTaken = false;
    };
  }

  #change({ key, isProven }: Payer, by: number): void {
    const own = (this.#taken.get(key) ?? 0) + by;
    if (own === 0) this.#taken.delete(key);
    else this.#taken.set(key, own);
    this.#all += by;
    if (!isProven) this.#unproven += by;
  }
}
