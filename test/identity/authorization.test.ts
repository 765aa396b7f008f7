/** Reading one `Authorization` header value. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAuthorization } from '../../src/identity/authorization.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');

describe('readAuthorization', () => {
  it('reads Bearer in any case, with the token as it is', () => {
    assert.deepEqual(readAuthorization('Bearer abc'), { scheme: 'bearer', token: 'abc' });
    assert.deepEqual(readAuthorization('bEARER a b '), { scheme: 'bearer', token: 'a b ' });
  });

  it('reads Basic, splitting at the first colon, as UTF-8', () => {
    const read = (text: string) => readAuthorization(`basic ${encode(text)}`);
    assert.deepEqual(read('ann:a:b:'), { scheme: 'basic', username: 'ann', password: 'a:b:' });
    assert.deepEqual(read(':'), { scheme: 'basic', username: '', password: '' });
    assert.deepEqual(read('bjørn:pä✓'), { scheme: 'basic', username: 'bjørn', password: 'pä✓' });
  });

  it('knows Basic that is malformed from other schemes and from nothing', () => {
    for (const value of ['Basic', 'Basic ', 'Basic !!', `Basic ${encode('nocolon')}`, 'Basic a b', 'Basic YTpi===']) {
      assert.deepEqual(readAuthorization(value), { scheme: 'malformed-basic' }, value);
    }
    for (const value of ['Bearer', 'Bearer ', 'Digest x', 'abc', ' ']) {
      assert.deepEqual(readAuthorization(value), { scheme: 'other' }, value);
    }
    assert.deepEqual(readAuthorization(undefined), { scheme: 'none' });
    assert.deepEqual(readAuthorization(''), { scheme: 'none' });
  });
});
