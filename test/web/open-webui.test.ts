/** The connection for Open WebUI: for which settings there is one, and that it is what Open WebUI reads. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flags } from '../../src/config/flags.ts';
import { connectionHints, openWebuiConnection } from '../../src/web/open-webui.ts';
import { type Input, KEY, settings } from '../config/settings-helper.ts';
import { serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';

const endpoint = urlEndpoint('http', 'https://mcp.example.org/mcp');
const SERVERS = ['notes', 'tracker'].map((name) => serverConfig({ name, endpoint }));

const OAUTH = {
  multiUser: true,
  sessionTimeoutMs: 1,
  storage: 'store',
  openBrowser: false,
  clientMetadata: {},
  allowInsecureHttp: false,
} as const;

function connection(flags: Partial<Flags>, input?: Input) {
  return openWebuiConnection(settings(flags, input), SERVERS);
}

describe('the connection for Open WebUI', () => {
  it('is one for all servers, in the words of Open WebUI', () => {
    assert.deepEqual(connection({ webuiSecretKey: WEBUI_SECRET, publicUrl: 'https://tools.example.org/' }), {
      type: 'openapi',
      url: 'https://tools.example.org',
      path: 'openapi.json',
      spec_type: 'url',
      spec: '',
      auth_type: 'session',
      key: '',
      headers: {},
      forward_cookies: false,
      config: {
        enable: true,
        function_name_filter_list: '',
        access_grants: [{ principal_type: 'user', principal_id: '*', permission: 'read' }],
      },
      info: { id: 'latchkey', name: 'latchkey', description: 'Tools of notes, tracker' },
    });
  });

  it('is there only where users of Open WebUI are known, and asks for what makes them known', () => {
    const kinds: [Partial<Flags>, 'session' | 'bearer' | undefined][] = [
      [{}, undefined],
      [{ apiKey: KEY }, undefined],
      [{ userJwtSecret: USER_JWT_SECRET, trustForwardedUser: true }, undefined],
      [{ verifyJwt: false }, undefined],
      [{ webuiSecretKey: WEBUI_SECRET }, 'session'],
      [{ openWebuiUrl: 'http://open-webui:8080' }, 'session'],
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET }, 'bearer'],
      [{ apiKey: KEY, trustForwardedUser: true }, 'bearer'],
      [{ apiKey: KEY, trustForwardedUser: true, webuiSecretKey: WEBUI_SECRET }, 'session'],
      // The signed header also names users without a session.
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET, openWebuiUrl: 'http://open-webui:8080' }, 'bearer'],
      [{ apiKey: KEY, userJwtSecret: USER_JWT_SECRET, webuiSecretKey: WEBUI_SECRET }, 'bearer'],
    ];
    for (const [flags, kind] of kinds) assert.equal(connection(flags)?.auth_type, kind, JSON.stringify(flags));
  });

  it('is there for a server that knows its callers itself, which takes tokens alone', () => {
    const own = serverConfig({ name: 'own', endpoint, oauth: { ...OAUTH, webuiSecretKey: WEBUI_SECRET } });
    const kind = (flags: Partial<Flags>) => openWebuiConnection(settings(flags), [...SERVERS, own])?.auth_type;
    assert.equal(kind({ host: '0.0.0.0' }), 'session');
    const signed = { apiKey: KEY, userJwtSecret: USER_JWT_SECRET };
    assert.equal(kind({ ...signed, webuiSecretKey: WEBUI_SECRET }), 'session');
    assert.equal(kind(signed), 'bearer');
  });

  it('is there where tokens are believed that nobody verifies', () => {
    const each = serverConfig({ name: 'each', endpoint, oauth: OAUTH });
    const kind = (flags: Partial<Flags>) => openWebuiConnection(settings(flags), [...SERVERS, each])?.auth_type;
    assert.equal(kind({}), 'session');
    assert.equal(kind({ host: '0.0.0.0', verifyJwt: false }), 'session');
    assert.equal(kind({ host: '0.0.0.0' }), undefined);
    assert.equal(kind({ apiKey: KEY }), undefined);
  });

  it('holds the document key, and no other secret', () => {
    const documentKey = 'Az09._~-Az09._~-q';
    const flags = { apiKey: KEY, userJwtSecret: USER_JWT_SECRET, documentKey };
    const found = connection(flags);
    assert.equal(found?.path, `openapi.json?key=${documentKey}`);
    assert.equal(found.key, '<the API key of latchkey>');
    const text = JSON.stringify([found, connection({ ...flags, webuiSecretKey: WEBUI_SECRET })]);
    for (const secret of [KEY, USER_JWT_SECRET, WEBUI_SECRET]) assert.ok(!text.includes(secret));
  });

  it('names the address that people use, root path included, and what the operator calls the gateway', () => {
    const flags = { webuiSecretKey: WEBUI_SECRET, rootPath: '/tools', name: 'Our tools', description: 'All of them' };
    const found = connection(flags);
    assert.equal(found?.url, 'http://localhost:8000/tools');
    assert.deepEqual(found.info, { id: 'latchkey', name: 'Our tools', description: 'All of them' });
    // A prefix is before servers, not before the document of all.
    assert.equal(connection({ ...flags, pathPrefix: '/mcp' })?.url, 'http://localhost:8000/tools');
  });
});

describe('the hints beside it', () => {
  const hints = (flags: Partial<Flags>, kind: 'session' | 'bearer' = 'session') =>
    connectionHints(settings(flags), { auth_type: kind }).join('\n');

  it('say how a container reaches this machine, also where a public URL is this machine', () => {
    const local = hints({ port: '8123', rootPath: '/tools' });
    assert.match(local, /in a container: use http:\/\/host\.docker\.internal:8123\/tools as the url of the connection/);
    assert.match(local, /--add-host=host\.docker\.internal:host-gateway, and latchkey with --host 0\.0\.0\.0\)/);
    const open = hints({ publicUrl: 'http://localhost:9000', host: '0.0.0.0' });
    assert.match(open, /use http:\/\/host\.docker\.internal:9000 as/);
    assert.ok(!open.includes('--host 0'));
    assert.ok(!hints({ publicUrl: 'https://tools.example.org' }).includes('docker'));
  });

  it('say where tokens that nobody verifies count, and that the key is to be filled in', () => {
    assert.match(hints({}), /count only from this machine itself: for a container set open_webui\.url/);
    assert.ok(!hints({ webuiSecretKey: WEBUI_SECRET }).includes('nobody verifies'));
    assert.match(hints({}, 'bearer'), /Replace <the API key of latchkey> by the key itself/);
    assert.ok(!hints({}).includes('Replace'));
  });

  it('say that Verify proves nothing where it sends another token than the reader, and who sees the tools', () => {
    assert.match(hints({}), /Verify in Open WebUI proves nothing/);
    assert.ok(!hints({}, 'bearer').includes('Verify'));
    for (const kind of ['session', 'bearer'] as const) assert.match(hints({}, kind), /access_grants decide who sees/);
  });
});
