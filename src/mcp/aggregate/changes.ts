/** Announcements that lists have changed: those of many servers within a moment are one. */

const TOGETHER_MS = 50;

export const CHANGED_LISTS = ['tools', 'prompts', 'resources'] as const;
export type ChangedList = (typeof CHANGED_LISTS)[number];

export class Changes {
  readonly #tell: (list: ChangedList) => void;
  readonly #waiting = new Map<ChangedList, NodeJS.Timeout>();

  /** `tell` is called once for each list that has changed, a moment later. */
  constructor(tell: (list: ChangedList) => void) {
    this.#tell = tell;
  }

  changed(list: ChangedList): void {
    if (this.#waiting.has(list)) return;
    const tell = (): void => {
      this.#waiting.delete(list);
      this.#tell(list);
    };
    this.#waiting.set(list, setTimeout(tell, TOGETHER_MS).unref());
  }

  close(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }
}

/** Which list a notification says has changed; undefined where it says something else. */
export function changedBy(method: string): ChangedList | undefined {
  return CHANGED_LISTS.find((list) => method === changedMethod(list));
}

/** The notification that says so. */
export function changedMethod(list: ChangedList): string {
  return `notifications/${list}/list_changed`;
}
