/** How a connection to a server stands. */

export type LinkState =
  /** Not started, or not in use any more: it connects when somebody asks. */
  | { readonly state: 'idle' }
  | { readonly state: 'connecting' }
  | { readonly state: 'ready' }
  /** `retryAt`: when it is tried again, by itself or for whoever asks for the tools then; in milliseconds since 1970. */
  | { readonly state: 'failed'; readonly reason: string; readonly retryAt: number }
  /** A person has to sign in first; nothing is tried meanwhile. */
  | { readonly state: 'needs-login' }
  | { readonly state: 'closed' };

/** In how many seconds a caller may come again. */
export function retryAfter(state: LinkState): number {
  return state.state === 'failed' ? Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000)) : 5;
}
