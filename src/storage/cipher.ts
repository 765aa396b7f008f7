/** Sealing of stored values: JWE (RFC 7516) with `dir` and A256GCM, keys derived by HKDF-SHA256 (RFC 5869). */
import { hkdfSync } from 'node:crypto';
import { FlattenedEncrypt, type FlattenedJWE, flattenedDecrypt } from 'jose';

/** What a value is bound to: sealed for one place, it opens nowhere else. */
export interface Place {
  readonly table: string;
  readonly key: string;
}

export interface Opened {
  readonly text: string;
  /** False: sealed with a previous secret. */
  readonly current: boolean;
}

const ALGORITHMS = { alg: 'dir', enc: 'A256GCM' } as const;
const KEY_BYTES = 32;
const KID_BYTES = 9;

/** Seals with the current secret and opens what that or a previous one has sealed. */
export class Cipher {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #currentKid: string;
  readonly #keys = new Map<string, Uint8Array>();

  /** `current` and `previous`: secrets of at least 32 bytes. */
  constructor(current: string, previous: readonly string[]) {
    this.#currentKid = kidOf(current);
    this.#secrets = new Map([...previous, current].map((secret) => [kidOf(secret), secret]));
  }

  /** `header.iv.ciphertext.tag`, each base64url: a flattened JWE without its `aad`, which is the place. */
  async seal(place: Place, text: string): Promise<string> {
    const jwe = await new FlattenedEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ ...ALGORITHMS, kid: this.#currentKid })
      .setAdditionalAuthenticatedData(contextOf(place))
      .encrypt(this.#key(this.#currentKid, place.table));
    return [jwe.protected, jwe.iv, jwe.ciphertext, jwe.tag].join('.');
  }

  /** Undefined: changed, moved from another place, or sealed with an unknown secret; nobody can tell which. */
  async open(place: Place, sealed: string): Promise<Opened | undefined> {
    try {
      const opened = await flattenedDecrypt(parse(sealed, place), (header) => this.#key(header?.kid, place.table), {
        keyManagementAlgorithms: [ALGORITHMS.alg],
        contentEncryptionAlgorithms: [ALGORITHMS.enc],
      });
      const current = opened.protectedHeader?.kid === this.#currentKid;
      return { text: new TextDecoder().decode(opened.plaintext), current };
    } catch {
      // Whatever is wrong with hostile bytes, they are not opened.
      return undefined;
    }
  }

  #key(kid: string | undefined, table: string): Uint8Array {
    const secret = kid === undefined ? undefined : this.#secrets.get(kid);
    if (secret === undefined) throw new Error('sealed with an unknown secret');
    const name = `${kid} ${table}`;
    const key = this.#keys.get(name) ?? derive(secret, `table ${table}`, KEY_BYTES);
    this.#keys.set(name, key);
    return key;
  }
}

function parse(sealed: string, place: Place): FlattenedJWE {
  const [header = '', iv = '', ciphertext = '', tag = '', ...rest] = sealed.split('.');
  if (rest.length > 0) throw new Error('has too many parts');
  const aad = Buffer.from(contextOf(place)).toString('base64url');
  return { protected: header, iv, ciphertext, tag, aad };
}

function contextOf({ table, key }: Place): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([table, key]));
}

/** Tells secrets apart without telling anything of them. */
function kidOf(secret: string): string {
  return Buffer.from(derive(secret, 'kid', KID_BYTES)).toString('base64url');
}

function derive(secret: string, label: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `latchkey ${label}`, bytes));
}
