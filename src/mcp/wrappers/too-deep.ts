/** What is nested thousands deep: JSON.parse reads it, but nothing can write it. */

/** What `make` makes; undefined where that overflows the stack. */
export function unlessTooDeep<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
