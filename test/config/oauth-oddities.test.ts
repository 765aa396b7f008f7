/** What is legal in `oauth` but hardly meant: it is warned about. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { load, warningsOf } from './helper.ts';

const url = 'https://mcp.example.org/mcp';

/** The warnings about an entry with these keys, from the entry on. */
function warnings(oauth: unknown, more: object = {}, name = 'x'): string[] {
  const entry = { type: 'http', url, oauth, ...more };
  const config = load({ mcpServers: { [name]: entry } });
  return warningsOf(config).map((line) => line.replace(/^\S+ mcpServers(?:\.x\.)?/, ''));
}

describe('warnings about a login', () => {
  test('none about an ordinary one', () => {
    const metadata = { client_name: 'N', contacts: ['me@example.org'], 'client_name#de': 'N' };
    assert.deepEqual(warnings(true), []);
    assert.deepEqual(warnings({ scope: 'a', client_metadata: metadata, issuer: 'https://as.example.org' }), []);
    assert.deepEqual(warnings({ callback_port: 3030, use_loopback: false }), []);
    assert.deepEqual(warnings(false, { url: 'http://mcp.example.org', headers: { Authorization: 'a' } }), []);
    assert.deepEqual(warnings(true, { isolation: 'principal' }), []);
  });

  test('keys without effect', () => {
    assert.deepEqual(warnings({ multi_user: true, callback_port: 3030, use_loopback: true }), [
      'oauth.callback_port: this key has no effect where each person signs in (remove it, or set multi_user: false)',
      'oauth.use_loopback: this key has no effect where each person signs in (remove it, or set multi_user: false)',
    ]);
    assert.deepEqual(warnings({ client_id: 'i', client_metadata_url: 'https://a/b', client_metadata: {} }), [
      "oauth.client_metadata_url: 'client_id' is there too and wins",
      "oauth.client_metadata: 'client_id' is there too, so that nothing is registered",
    ]);
    assert.deepEqual(warnings({ client_id: 'i', client_secret: 'hush', token_endpoint_auth_method: 'none' }), [
      'oauth.client_secret: is not sent, because token_endpoint_auth_method is none',
    ]);
  });

  test('a secret of Open WebUI that is shorter than its hash', () => {
    assert.deepEqual(warnings({ webui_secret_key: WEBUI_SECRET }), []);
    assert.deepEqual(warnings({ webui_secret_key: WEBUI_SECRET.slice(1) }), [
      'oauth.webui_secret_key: is shorter than 32 bytes (one that Open WebUI made itself has 32 characters and is fine; ' +
        'openssl rand -hex 32 makes another)',
    ]);
  });

  test('a secret that is sent is odd only where nobody says to whom', () => {
    const alone = { client_id: 'i', client_secret: 'hush' };
    assert.deepEqual(warnings(alone), [
      "oauth.client_secret: is sent to whichever authorization server the MCP server names (set 'issuer' to the one that it is for)",
    ]);
    const client = { ...alone, issuer: 'https://id.example.org' };
    assert.deepEqual(warnings(client), []);
    assert.deepEqual(warnings({ ...client, token_endpoint_auth_method: 'client_secret_basic' }), []);
  });

  test('isolation that logins overrule', () => {
    for (const isolation of ['shared', 'session']) {
      assert.deepEqual(warnings(true, { isolation }), [
        "isolation: is 'principal' where each person signs in (remove it, or set oauth.multi_user: false)",
      ]);
      assert.deepEqual(warnings({ multi_user: false }, { isolation }), []);
    }
  });

  test('a header that the login takes the place of, whatever its case', () => {
    assert.deepEqual(warnings(true, { headers: { AUTHORIZATION: 'Bearer hush', 'X-Key': 'k' } }), [
      "headers.AUTHORIZATION: is not sent as 'Authorization': the login of 'oauth' takes its place " +
        '(remove the header or the oauth)',
    ]);
    assert.equal(warnings(true, { url: 'https://me:hush@mcp.example.org' }).length, 1);
  });

  test('plain http beyond this machine, at each of the places', () => {
    const plain = 'http://as.example.org';
    const message =
      'is plain http beyond this machine, where logins are refused (use https, or set oauth.allow_insecure_http: true)';
    assert.deepEqual(warnings({ server_url: plain, issuer: plain }, { url: plain }), [
      `url: ${message}`,
      `oauth.server_url: ${message}`,
      `oauth.issuer: ${message}`,
    ]);
    assert.deepEqual(warnings({ server_url: plain, allow_insecure_http: true }, { url: plain }), []);
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:2']) {
      assert.deepEqual(warnings({ server_url: `http://${host}` }, { url: `http://${host}/mcp` }), [], host);
    }
  });
});

describe('warnings about client_metadata', () => {
  test('fields that nobody knows are sent, those of an answer are not', () => {
    assert.deepEqual(warnings({ client_metadata: { tenant: 1, client_id: 'i', constructor: 1 } }), [
      'oauth.client_metadata.tenant: is no field of RFC 7591; it is sent as it is',
      'oauth.client_metadata.client_id: is no part of a registration and is not sent; client_id and client_secret go ' +
        'beside client_metadata',
      'oauth.client_metadata.constructor: is no field of RFC 7591; it is sent as it is',
    ]);
  });

  const redirects = (keys: object, ...uris: string[]) =>
    warnings({ ...keys, client_metadata: { redirect_uris: uris } }).map((line) => line.replace(/^\S+ /, ''));

  test('redirect URIs are ignored where each person signs in', () => {
    for (const uri of ['http://localhost:3030/callback', 'https://tools.example.org/oauth/x/callback']) {
      assert.deepEqual(redirects({}, uri), [
        'is ignored: the browser comes back to <public URL>/oauth/x/callback (remove it)',
      ]);
    }
  });

  test('redirect URIs of the one login are pointed out where ours is another', () => {
    const single = { multi_user: false };
    const port = { callback_port: 3030 };
    for (const host of ['localhost', '127.0.0.1'])
      assert.deepEqual(redirects(port, `http://${host}:3030/callback`), []);
    assert.deepEqual(redirects(single, 'https://tools.example.org/oauth/x/callback'), []);
    assert.deepEqual(redirects(single), []);
    assert.deepEqual(redirects(port, 'http://localhost:3031/callback'), [
      'is ignored: the browser comes back to http://localhost:3030/callback (remove it, or set callback_port: 3031)',
    ]);
    assert.deepEqual(redirects(single, 'http://localhost:3030/callback'), [
      'is ignored: the browser comes back to <public URL>/oauth/x/callback (remove it, or set callback_port: 3030)',
    ]);
    assert.deepEqual(redirects(single, 'https://elsewhere.example.org/cb'), [
      'is ignored: the browser comes back to <public URL>/oauth/x/callback (remove it)',
    ]);
  });
});
