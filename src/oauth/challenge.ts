/** Reads the Bearer challenge of a `WWW-Authenticate` field (RFC 9110 11.6.1, RFC 6750 3, RFC 9728 5.1). */
import type { Challenge } from './model.ts';

/** Longer fields are cut, which loses challenges and nothing else. */
const MAX_FIELD = 16_384;
const MAX_VALUE = 2048;
const MAX_DESCRIPTION = 300;

const SEPARATORS = /[ \t,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y;
/** Such as `Basic dXNlcg==`: fits only up to the next comma, else it is a parameter. */
const TOKEN68 = /[ \t]+[\w\-.~+/]+=*[ \t]*(?=,|$)/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** Without quotes many servers write what is no token, such as a URL. */
const BARE = /[^ \t,"]+/y;

type Parameters = Map<string, string>;

/**
 * The Bearer challenge among all challenges of all fields: the first that says something, else an empty one, else
 * undefined. In linear time, whatever is sent. Nothing in it is checked, except that no text is very long.
 */
export function parseChallenge(fields: string | readonly string[] | undefined): Challenge | undefined {
  const list = fields === undefined ? [] : typeof fields === 'string' ? [fields] : fields;
  const found = list.flatMap((field) => bearersOf(field.slice(0, MAX_FIELD))).map(challengeOf);
  return found.find((challenge) => Object.keys(challenge).length > 0) ?? found[0];
}

function challengeOf(parameters: Parameters): Challenge {
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    return value === undefined || value === '' || value.length > MAX_VALUE ? undefined : value;
  };
  const [resourceMetadata, scope, error] = [text('resource_metadata'), text('scope'), text('error')];
  const errorDescription = text('error_description')?.slice(0, MAX_DESCRIPTION);
  return {
    ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    ...(scope === undefined ? {} : { scope }),
    ...(error === undefined ? {} : { error }),
    ...(errorDescription === undefined ? {} : { errorDescription }),
  };
}

/** The parameters of each Bearer challenge of one field, up to what cannot be read. */
function bearersOf(field: string): Parameters[] {
  const bearers: Parameters[] = [];
  let current: Parameters = new Map();
  const reader = new Reader(field);
  for (;;) {
    reader.skip(SEPARATORS);
    const word = reader.read(TOKEN)?.toLowerCase();
    if (word === undefined) return bearers;
    if (reader.skip(EQUALS)) {
      const value = readValue(reader);
      if (value === undefined) return bearers;
      // RFC 9110 11.2: a name occurs once; a second one would be somebody else's addition.
      if (!current.has(word)) current.set(word, value);
    } else {
      current = new Map();
      if (word === 'bearer') bearers.push(current);
      reader.skip(TOKEN68);
    }
  }
}

function readValue(reader: Reader): string | undefined {
  const quoted = reader.read(QUOTED);
  return quoted === undefined ? reader.read(BARE) : quoted.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** A text and how far it has been read. */
class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What the sticky pattern matches here, or undefined. */
  read(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#position += match.length;
    return match;
  }

  skip(pattern: RegExp): boolean {
    return this.read(pattern) !== undefined;
  }
}
