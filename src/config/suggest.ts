/** Finds the word that was probably meant. */

import { closestMatch } from 'leven';

/** The nearest candidate, when it is near enough to be a slip of the keyboard. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const maxDistance = Math.min(3, Math.ceil(word.length / 3));
  const match = closestMatch(word.toLowerCase(), [...lower.keys()], { maxDistance });
  return match === undefined ? undefined : lower.get(match);
}

/** `did you mean 'args'?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const match = nearest(word, candidates);
  return match === undefined ? undefined : `did you mean '${match}'?`;
}
