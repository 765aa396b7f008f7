/** Secrets and document keys in settings: too short, published, or with an odd end. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { checkDocumentKey, checkSecret, secretOddity } from '../../src/config/secrets.ts';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';

function flaw(text: string, check = checkSecret): string | undefined {
  const checked = check(text);
  return 'flaw' in checked ? checked.flaw : undefined;
}

describe('a secret', () => {
  test('is taken byte for byte', () => {
    for (const secret of [WEBUI_SECRET, USER_JWT_SECRET, 'a b c d e f g h i j', 'größte Geheimnisse 7']) {
      assert.deepEqual(checkSecret(secret), { value: secret });
    }
  });

  test('that is made at random is taken, in every usual form', () => {
    for (let round = 0; round < 200; round += 1) {
      const bytes = randomBytes(24);
      const forms = [bytes.toString('base64'), bytes.toString('hex'), bytes.toString('base64url'), randomUUID()];
      // As Open WebUI makes them, and as short as is taken.
      for (const form of [...forms, randomBytes(12).toString('base64')]) assert.equal(flaw(form), undefined, form);
    }
  });

  test('that is an example or a placeholder is refused, however it is spelled', () => {
    const examples = [
      't0p-s3cr3t',
      'your-secret-key',
      'your-secret-key-here',
      'YOUR_SECRET_KEY_HERE',
      'Your Secret Key Here',
      'your-webui-secret-key',
      'your.open.webui.secret.key.2026',
      'changeme',
      'change-me-change-me-change-me',
      'please-change-this-secret',
      'replace-with-a-long-random-string',
      'supersecretkeysupersecretkey',
      'secretsecretsecretsecret',
      '<your-webui-secret-key>',
      '<3f9d1c77a2b84e6095d1>',
      '{{ vault.webui_secret_key }}',
      ['$', '{WEBUI_SECRET_KEY}'].join(''),
      '$(openssl rand -hex 32)',
      '%WEBUI_SECRET_KEY%',
      'xxxxxxxxxxxxxxxxxxxx',
      '1234567890123456',
      'abcdefghijklmnopqrstuvwxyz',
    ];
    for (const example of examples) assert.equal(flaw(example), 'is a published example or a placeholder', example);
  });

  test('of thousands of letters that nearly make an example is judged at once', () => {
    const long = `${'x'.repeat(5_000)}qwz`;
    assert.deepEqual(checkSecret(long), {
      flaw: 'is one character over and over, or nearly so',
      remedy: 'openssl rand -hex 32 makes one',
    });
    assert.equal(flaw('x'.repeat(5_000)), 'is a published example or a placeholder');
  });

  test('that is short, or one character over and over, is refused', () => {
    assert.equal(flaw('q7Vn2mXw9Tz4Kc8'), 'is shorter than 16 characters and can be guessed');
    assert.equal(flaw('q7Vn2mXw9Tz4Kc8R'), undefined);
    // Sixteen code units, but eight characters.
    assert.match(flaw('🔑🗝🔒🔓🔐🛡🧲🪄') ?? '', /shorter than 16/);
    assert.equal(flaw('0000000000000000000000000000000'), 'is one character over and over, or nearly so');
    assert.equal(flaw('ababababababababab'), 'is one character over and over, or nearly so');
  });

  test('with white space at an end is refused, with how to read it from its file', () => {
    for (const text of [`${WEBUI_SECRET}\n`, `${WEBUI_SECRET}\r\n`, ` ${WEBUI_SECRET}`, `${WEBUI_SECRET}\t`]) {
      const checked = checkSecret(text);
      assert.ok('flaw' in checked);
      assert.equal(checked.flaw, 'begins or ends with a space or line break');
      assert.match(checked.remedy ?? '', /printf %s "\$\(cat \.webui_secret_key\)"/);
    }
  });

  test('that is empty is refused', () => {
    assert.equal(flaw(''), 'is empty');
  });

  test('of less than 32 bytes is odd', () => {
    assert.equal(secretOddity(WEBUI_SECRET), undefined);
    assert.equal(secretOddity('ä'.repeat(16)), undefined);
    assert.match(secretOddity(WEBUI_SECRET.slice(1))?.remedy ?? '', /Open WebUI made itself has 32 characters/);
  });

  test('is judged quickly, whatever it is made of', () => {
    for (const part of ['webui', 'secretkey', 'a', 'an', 'testing', 'topsecret', '1234567890']) {
      assert.equal(flaw(`${part.repeat(5_000)}!q7Vn2mXw`), undefined, part);
    }
  });
});

describe('a document key', () => {
  test('holds only what stands unchanged in an address', () => {
    assert.deepEqual(checkDocumentKey('Az09._~-Az09._~-q'), { value: 'Az09._~-Az09._~-q' });
    for (const character of ['/', '+', '=', '&', '#', '%', '?', ' ', 'é', '\n', '"']) {
      const key = `q7Vn2mXw9Tz4Kc8Rb1${character}Ld6`;
      assert.equal(flaw(key, checkDocumentKey), 'holds a character that changes in an address', character);
    }
  });

  test('is a secret like others', () => {
    assert.equal(flaw('', checkDocumentKey), 'is empty');
    assert.match(flaw('short', checkDocumentKey) ?? '', /shorter than 16/);
    assert.match(flaw('your-secret-key-here', checkDocumentKey) ?? '', /published example/);
    assert.match(flaw('abc', checkDocumentKey) ?? '', /shorter than 16/);
  });
});
