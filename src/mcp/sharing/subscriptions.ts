/** Which callers of a shared session subscribed to which resources: the server is asked once for all of them. */

export class Subscriptions<Caller> {
  readonly #byUri = new Map<string, Set<Caller>>();

  get uris(): string[] {
    return [...this.#byUri.keys()];
  }

  /** False where the caller had subscribed to it before. */
  add(caller: Caller, uri: string): boolean {
    const callers = this.#byUri.get(uri) ?? new Set();
    const isNew = !callers.has(caller);
    this.#byUri.set(uri, callers.add(caller));
    return isNew;
  }

  /** True where that was the last one, so that the server can be told. */
  remove(caller: Caller, uri: string): boolean {
    const callers = this.#byUri.get(uri);
    if (callers?.delete(caller) !== true || callers.size > 0) return false;
    return this.#byUri.delete(uri);
  }

  has(uri: string): boolean {
    return this.#byUri.has(uri);
  }

  /** Who is to hear that the resource at `uri` changed; it may lie below the one subscribed to (Resources, Subscriptions). */
  interestedIn(uri: string): Set<Caller> {
    const interested = new Set<Caller>();
    if (uri.length > LONGEST_URI) return interested;
    for (const covering of coveringUris(uri)) {
      for (const caller of this.#byUri.get(covering) ?? []) interested.add(caller);
    }
    return interested;
  }
}

/** Nobody can subscribe to a longer one. */
export const LONGEST_URI = 8_192;

/** All that a subscription may name to cover `uri`. */
function* coveringUris(uri: string): Generator<string> {
  yield uri;
  for (const { index } of uri.matchAll(/[/#?]/g)) {
    yield uri.slice(0, index);
    if (uri[index] === '/' && index + 1 < uri.length) yield uri.slice(0, index + 1);
  }
}

/** Whether a subscription to one resource is also one to the other. */
export function covers(subscribed: string, uri: string): boolean {
  if (!uri.startsWith(subscribed)) return false;
  return uri.length === subscribed.length || subscribed.endsWith('/') || '/#?'.includes(uri.charAt(subscribed.length));
}
