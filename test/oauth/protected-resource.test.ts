/** What a server publishes of itself: where it is looked for, and what is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import { protectedResource } from '../../src/oauth/protected-resource.ts';
import { loginError, names, protectedServer, redirectTo, Site } from './network-site.ts';

const ROOT = '/.well-known/oauth-protected-resource';
const PATH = `${ROOT}/public/mcp`;
const AS = 'https://as.example.com/t1';

function resourceOf(resource: string, changes: object = {}): object {
  return { resource, authorization_servers: [AS], ...changes };
}

/** Asks for the metadata of `<site>/public/mcp`. */
function ask(site: Site, resourceMetadata?: string, oauth: Parameters<typeof protectedServer>[1] = {}) {
  const server = protectedServer(`${site.origin}/public/mcp`, oauth);
  const challenge = resourceMetadata === undefined ? undefined : { resourceMetadata };
  return protectedResource(server, challenge, oauthFetch(server));
}

test('the address in the challenge is asked, and nothing else', async (t) => {
  const site = await Site.start(t);
  site.pages['/elsewhere?a=b'] = resourceOf(`${site.origin}/public/mcp`, { scopes_supported: ['a', 'b', 7] });
  const found = await ask(site, `${site.origin}/elsewhere?a=b`);
  assert.deepEqual(found, { resource: `${site.origin}/public/mcp`, issuer: AS, scopesSupported: ['a', 'b'] });
  assert.deepEqual(site.asked, ['GET /elsewhere?a=b']);
  assert.match(String(site.headers[0]?.['mcp-protocol-version']), /^\d{4}-\d\d-\d\d$/);
});

test('without a challenge the place for the path is asked, then the root', async (t) => {
  const site = await Site.start(t);
  site.pages[ROOT] = resourceOf(site.origin);
  assert.equal((await ask(site))?.resource, site.origin);
  assert.deepEqual(site.asked, [`GET ${PATH}`, `GET ${ROOT}`]);
  site.pages[PATH] = resourceOf(`${site.origin}/public/mcp`);
  assert.equal((await ask(site))?.resource, `${site.origin}/public/mcp`);
  assert.deepEqual(site.asked.slice(2), [`GET ${PATH}`]);
});

test('a server at the root has one place; a last slash and a query are handled as the SDKs do', async (t) => {
  const site = await Site.start(t);
  for (const address of [site.origin, `${site.origin}/mcp/`, `${site.origin}/mcp?key=1`]) {
    const server = protectedServer(address);
    assert.equal(await protectedResource(server, undefined, oauthFetch(server)), undefined);
  }
  assert.deepEqual(
    site.asked.map((line) => line.replace('GET ', '')),
    [ROOT, `${ROOT}/mcp`, ROOT, `${ROOT}/mcp?key=1`, ROOT],
  );
});

test('404 everywhere means that there is none', async (t) => {
  const site = await Site.start(t);
  assert.equal(await ask(site, `${site.origin}/gone`), undefined);
  assert.deepEqual(site.asked, ['GET /gone', `GET ${PATH}`, `GET ${ROOT}`]);
});

for (const answer of [401, 403, 405, 502, '<html>', [], 'null']) {
  test(`${JSON.stringify(answer)} at the place for the path leads to the root, but is not "none"`, async (t) => {
    const site = await Site.start(t);
    site.pages[PATH] = answer;
    await assert.rejects(ask(site), loginError('discovery_failed', /"issuer"/));
    assert.equal(await ask(site, undefined, { issuer: AS }), undefined);
    assert.equal(await ask(site, undefined, { serverUrl: AS }), undefined);
    site.pages[ROOT] = resourceOf(site.origin);
    assert.equal((await ask(site))?.resource, site.origin);
  });

  test(`${JSON.stringify(answer)} at the address in the challenge leads nowhere else`, async (t) => {
    const site = await Site.start(t);
    site.pages['/elsewhere'] = answer;
    site.pages[ROOT] = resourceOf(site.origin);
    await assert.rejects(ask(site, `${site.origin}/elsewhere`), loginError('discovery_failed'));
    assert.deepEqual(site.asked, ['GET /elsewhere']);
  });
}

test('a server that is out of order ends the search', async (t) => {
  const site = await Site.start(t);
  site.pages[PATH] = 500;
  await assert.rejects(ask(site), loginError('discovery_failed', /HTTP 500/));
  assert.deepEqual(site.asked, [`GET ${PATH}`]);
});

test('JSON of another content type, or that is broken, is no document', async (t) => {
  const site = await Site.start(t);
  const text = JSON.stringify(resourceOf(site.origin));
  for (const [type, body] of [
    ['text/plain', text],
    ['application/json', text.slice(1)],
  ] as const) {
    site.pages[ROOT] = (_request, response) => response.writeHead(200, { 'content-type': type }).end(body);
    await assert.rejects(ask(site), loginError('discovery_failed'));
  }
  site.pages[ROOT] = (_request, response) =>
    response.writeHead(200, { 'content-type': 'Application/problem+JSON; charset=utf-8' }).end(text);
  assert.equal((await ask(site))?.resource, site.origin);
});

test('deeply nested JSON is read and left behind', async (t) => {
  const site = await Site.start(t);
  const deep = '['.repeat(400_000) + ']'.repeat(400_000);
  const text = JSON.stringify(resourceOf(site.origin)).replace('{', `{"x":${deep},"scopes_supported":${'[['}1]],`);
  site.pages[ROOT] = (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  assert.deepEqual(await ask(site), { resource: site.origin, issuer: AS, scopesSupported: [] });
});

test('a resource that covers our address is taken byte for byte', async (t) => {
  const site = await Site.start(t);
  const upper = site.origin.replace('http', 'HTTP');
  for (const resource of ['', '/', '/public', '/public/', '/public/mcp', '/public/mcp/', '/x/../public']) {
    for (const origin of [site.origin, upper]) {
      site.pages[PATH] = resourceOf(origin + resource);
      assert.equal((await ask(site))?.resource, origin + resource);
    }
  }
});

for (const [what, resource] of [
  ['of another host', 'https://evil.example.com/mcp'],
  ['of another port', 'http://127.0.0.1:1/public/mcp'],
  ['of another scheme', 'https:'],
  ['beside our path', '/public/mc'],
  ['below our path', '/public/mcp/more'],
  ['in another case', '/Public/mcp'],
  ['that leaves our path', '/public/mcp/../../other'],
  ['with a fragment', '/public/mcp#a'],
  ['with a query that we do not have', '/public/mcp?a=b'],
  ['that is no URL', 'notes'],
  ['that is another kind of URL', 'urn:notes'],
  ['that is missing', undefined],
  ['that is a list', ['/public/mcp']],
  ['that is too long', `/${'./'.repeat(1100)}`],
] as const) {
  test(`a resource ${what} is refused, and nothing else is asked`, async (t) => {
    const site = await Site.start(t);
    const text = typeof resource === 'string' && resource.startsWith('/') ? site.origin + resource : resource;
    const full = text === 'https:' ? `${site.origin.replace('http', 'https')}/public/mcp` : text;
    site.pages[PATH] = { resource: full, authorization_servers: [site.origin] };
    await assert.rejects(ask(site), loginError('metadata_rejected'));
    assert.deepEqual(site.asked, [`GET ${PATH}`]);
  });
}

test('a resource with a user name in it is refused', async (t) => {
  const site = await Site.start(t);
  site.pages[PATH] = resourceOf(`${site.origin.replace('//', '//user@')}/public/mcp`);
  await assert.rejects(ask(site), loginError('metadata_rejected'));
});

test('a resource that the operator configured is taken although it is another one', async (t) => {
  const site = await Site.start(t);
  site.pages[PATH] = resourceOf('https://inside.example.com/mcp');
  await assert.rejects(ask(site, undefined, { resource: 'omit' }), loginError('metadata_rejected', /inside/));
  const found = await ask(site, undefined, { resource: 'https://inside.example.com/mcp' });
  assert.equal(found?.resource, 'https://inside.example.com/mcp');
});

test('the configured issuer is picked from several, the first without one', async (t) => {
  const site = await Site.start(t);
  site.pages[ROOT] = resourceOf(site.origin, { authorization_servers: [AS, 'https://two.example.com'] });
  assert.equal((await ask(site))?.issuer, AS);
  assert.equal((await ask(site, undefined, { issuer: 'https://two.example.com' }))?.issuer, 'https://two.example.com');
  // The metadata of the issuer has the last word on the slash.
  assert.equal((await ask(site, undefined, { issuer: `${AS}/` }))?.issuer, `${AS}/`);
});

test('a configured issuer that is not on the list is an error that names both', async (t) => {
  const site = await Site.start(t);
  site.pages[ROOT] = resourceOf(site.origin);
  for (const issuer of ['https://other.example.com', 'https://AS.example.com/t1']) {
    const names = (error: Error): boolean => error.message.includes(issuer) && error.message.includes(AS);
    await assert.rejects(ask(site, undefined, { issuer }), (error: Error) => {
      return loginError('metadata_rejected')(error) && names(error);
    });
  }
});

test('a server that names no authorization server leaves that to the configuration', async (t) => {
  const site = await Site.start(t);
  for (const authorization_servers of [[], undefined, 'https://as.example.com', [7]]) {
    site.pages[ROOT] = resourceOf(site.origin, { authorization_servers });
    await assert.rejects(ask(site), loginError('metadata_rejected', /Set "issuer"/));
    assert.equal((await ask(site, undefined, { issuer: AS }))?.issuer, AS);
    assert.equal((await ask(site, undefined, { serverUrl: AS }))?.issuer, AS);
  }
});

test('the address in the challenge may be on another host, which is checked as any other', async (t) => {
  const [site, other] = [await Site.start(t), await Site.start(t)];
  other.pages['/prm'] = resourceOf(site.origin);
  assert.equal((await ask(site, `${other.origin}/prm`))?.resource, site.origin);
  other.pages['/away'] = redirectTo('http://169.254.169.254/');
  for (const [place, code] of [
    ['javascript:alert(1)', 'metadata_rejected'],
    ['/relative', 'metadata_rejected'],
    ['http://as.example.com/', 'address_not_allowed'],
    ['https://169.254.169.254/', 'address_not_allowed'],
    [`${other.origin}/away`, 'address_not_allowed'],
  ] as const) {
    await assert.rejects(ask(site, place), loginError(code), place);
  }
  assert.deepEqual(site.asked, []);
});

test('for a public server the address in the challenge may not be private', async (t) => {
  const other = await Site.start(t);
  const server = protectedServer('https://mcp.test/mcp');
  const fetch = oauthFetch(server, { resolve: names({ 'mcp.test': ['8.8.8.8'] }) });
  const challenge = { resourceMetadata: `${other.origin}/prm` };
  await assert.rejects(protectedResource(server, challenge, fetch), loginError('address_not_allowed'));
  assert.deepEqual(other.asked, []);
});
