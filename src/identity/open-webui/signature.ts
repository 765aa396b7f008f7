/** Whether a token is signed with a secret that we share with Open WebUI (RFC 7515 5.2). */
import { createSecretKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { unauthorized } from '../refusals.ts';
import { checkAlgorithm, type Token } from './token.ts';

export type CheckSignature = (token: Token) => Promise<void>;

/**
 * HS256 alone, with the bytes of `secret` as they are. The check rejects with 401 `invalid_credentials`; `remedy` ends
 * its text.
 */
export function signatureCheck(secret: string, remedy: string): CheckSignature {
  const key = createSecretKey(secret, 'utf8');
  return async ({ text, header }) => {
    checkAlgorithm(header);
    try {
      await compactVerify(text, key, { algorithms: ['HS256'] });
    } catch {
      throw unauthorized('invalid_credentials', `This token was changed, or signed with another secret. ${remedy}`);
    }
  };
}
