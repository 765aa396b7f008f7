/** The access tokens of a person, as the pages show them. */
import { DEFAULT_TOKEN_DAYS, MOST_TOKENS, TOKEN_DAYS, type TokenFacts } from '../identity/personal-tokens.ts';
import type { McpModel } from './mcp-snippets.ts';
import type { PageModel } from './models.ts';
import { counted, dayWords, type MomentWords, momentWords } from './time-words.ts';

export interface TokenModel {
  readonly id: string;
  readonly name: string;
  /** `30 Sept 2026`. */
  readonly created: string;
  /** As `created`; undefined: never. */
  readonly used: string | undefined;
  readonly expires: MomentWords | undefined;
}

/** The part of the page at `/` where a person makes, sees and revokes tokens. */
export interface TokensModel {
  readonly tokens: readonly TokenModel[];
  /** True where there is no room for another one. */
  readonly isFull: boolean;
  /** How many there may be. */
  readonly most: number;
  readonly lifetimes: readonly { readonly days: number; readonly words: string; readonly isDefault: boolean }[];
  /** Takes a POST with `_csrf`, `name` and `days`. */
  readonly createUrl: string;
  /** Takes a POST with `_csrf` and `token`, an id. */
  readonly revokeUrl: string;
  readonly csrf: string;
}

/** Shows a token, this once. */
export interface NewTokenModel extends PageModel {
  readonly name: string;
  readonly token: string;
  readonly expires: MomentWords | undefined;
  readonly mcp: McpModel;
  /** True where there are other addresses for single servers. */
  readonly isForAll: boolean;
}

/** `now` in milliseconds since 1970. */
export function tokensModel(
  tokens: readonly TokenFacts[],
  form: Pick<TokensModel, 'createUrl' | 'revokeUrl' | 'csrf'>,
  now: number,
): TokensModel {
  return {
    tokens: tokens.map(({ id, name, createdAt, usedDay, expiresAt }) => ({
      id,
      name,
      created: dayWords(createdAt),
      used: usedDay === undefined ? undefined : dayWords(usedDay),
      expires: momentWords(expiresAt, now),
    })),
    isFull: tokens.length >= MOST_TOKENS,
    most: MOST_TOKENS,
    lifetimes: TOKEN_DAYS.map((days) => ({
      days,
      words: counted(days, 'day'),
      isDefault: days === DEFAULT_TOKEN_DAYS,
    })),
    ...form,
  };
}
