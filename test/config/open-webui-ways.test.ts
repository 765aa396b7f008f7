/** Which way to know the users of Open WebUI is in force, in words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Flags } from '../../src/config/flags.ts';
import { waysInWords } from '../../src/config/open-webui-ways.ts';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { load } from './helper.ts';
import { type Input, KEY, settings } from './settings-helper.ts';

const url = 'https://mcp.example.org/mcp';
const each = { url, oauth: true };
const own = { url, oauth: { webui_secret_key: WEBUI_SECRET } };

function words(flags: Partial<Flags>, entries: object = { each }, input: Input = {}): string | undefined {
  return waysInWords(settings(flags, input), [...load({ mcpServers: entries }).servers.values()]);
}

describe('the ways to know users of Open WebUI', () => {
  const known = (way: string) => `Users of Open WebUI are known by: ${way}`;
  const openWebuiUrl = 'http://open-webui:8080/';
  const asking = 'asking http://open-webui:8080';
  const signed = 'the signed header beside the API key';

  test('are told as they are in force', () => {
    const kinds: [Partial<Flags>, string][] = [
      [{ openWebuiUrl }, asking],
      [{ webuiSecretKey: WEBUI_SECRET }, 'the shared secret'],
      [{ webuiSecretKey: WEBUI_SECRET, openWebuiUrl }, 'the shared secret'],
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET }, signed],
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true }, signed],
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET, openWebuiUrl }, `${asking}, or ${signed}`],
      [{ apiKey: KEY, trustForwardedUser: true }, 'the plain header beside the API key'],
      [{}, 'tokens that nobody verifies, from this machine'],
      [{ verifyJwt: false, host: '0.0.0.0' }, 'tokens that nobody verifies, from anywhere'],
      [{ host: '0.0.0.0' }, 'nobody'],
      [{ publicUrl: 'https://tools.example.org' }, 'nobody'],
      [{ trustProxy: ['10.0.0.0/8'] }, 'nobody'],
      [{ apiKey: KEY }, 'nobody'],
      [{ userJwtSecret: USER_JWT_SECRET, host: '0.0.0.0' }, 'nobody'],
    ];
    for (const [flags, way] of kinds) assert.equal(words(flags), known(way), JSON.stringify(flags));
    const gateway = { openWebui: { url: 'http://open-webui:8080', secretKey: WEBUI_SECRET, introspect: true } };
    assert.equal(words({}, { each }, { gateway }), known(`the shared secret, then ${asking}`));
  });

  test('name servers with a secret of their own, and never a secret', () => {
    const told = words({ apiKey: KEY, webuiSecretKey: WEBUI_SECRET }, { each, own });
    assert.equal(told, `${known('the shared secret')}. By a secret of its own: own`);
    assert.equal(words({ apiKey: KEY }, { own }), `${known('nobody')}. By a secret of its own: own`);
  });

  test('are not spoken of where there is nothing to know anybody for', () => {
    assert.equal(words({ apiKey: KEY }, { none: { url } }), undefined);
    assert.equal(words({}, { one: { url, oauth: { multi_user: false } } }), undefined);
    assert.equal(words({ webuiSecretKey: WEBUI_SECRET }, { none: { url } }), known('the shared secret'));
  });
});
