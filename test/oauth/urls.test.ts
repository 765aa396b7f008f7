/** Which URLs may be asked, and which a browser may be sent to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserUrl, requestUrl } from '../../src/oauth/urls.ts';
import { loginError } from './network-site.ts';

const STRICT = { allowInsecureHttp: false };
const LENIENT = { allowInsecureHttp: true };

const SAFE = [
  'https://as.example.com/token',
  'https://as.example.com:8443/token?tenant=a',
  'http://localhost:9000/token',
  'http://as.localhost/token',
  'http://127.0.0.1:9000/token',
  'http://127.9.9.9/token',
  'http://[::1]:9000/token',
  // The parser of URLs has made a loopback address of it.
  'http://0x7f.1/token',
];

const UNUSABLE = [
  'javascript:alert(1)',
  'JavaScript://as.example.com/%0aalert(1)',
  ' javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'file:///etc/passwd',
  'ftp://as.example.com/',
  'ws://as.example.com/',
  'blob:https://as.example.com/1',
  'https://user@as.example.com/token',
  'https://user:password@as.example.com/token',
  '/token',
  '',
  `https://as.example.com/${'a'.repeat(2048)}`,
];

const PLAIN = [
  'http://as.example.com/token',
  'http://10.0.0.1/token',
  'http://localhost.example.com/token',
  'http://notlocalhost/token',
  'http://[::ffff:10.0.0.1]/token',
  'http://as:8000/token',
];

for (const check of [requestUrl, browserUrl]) {
  test(`${check.name} lets through https, and http to this machine`, () => {
    for (const text of SAFE) assert.equal(check(text, 'token_endpoint', STRICT).href, new URL(text).href);
  });

  test(`${check.name} refuses every other scheme, credentials, and what is no URL`, () => {
    for (const text of UNUSABLE) {
      assert.throws(
        () => check(text, 'token_endpoint', LENIENT),
        loginError('metadata_rejected', /token_endpoint/),
        text,
      );
    }
  });

  test(`${check.name} refuses plain http to another machine, and names the key that allows it`, () => {
    for (const text of PLAIN) {
      assert.throws(
        () => check(text, 'issuer', STRICT),
        loginError('address_not_allowed', /"allow_insecure_http": true/),
      );
      assert.equal(check(text, 'issuer', LENIENT).href, new URL(text).href);
    }
  });
}

test('an error tells nothing of a URL but its host', () => {
  for (const text of ['http://as.example.com/a?secret=1', 'https://u:secret@as.example.com/', 'secret:1']) {
    const throws = (): URL => requestUrl(text, 'issuer', STRICT);
    assert.throws(
      throws,
      (error: Error & { body?: unknown }) => !JSON.stringify([error.message, error.body]).includes('secret'),
    );
  }
});

test('a browser is not sent to a URL whose fragment would swallow the parameters', () => {
  assert.throws(
    () => browserUrl('https://as.example.com/a#b', 'x', STRICT),
    loginError('metadata_rejected', /fragment/),
  );
});
