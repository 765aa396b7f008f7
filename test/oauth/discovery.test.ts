/** From an MCP server to its authorization server, revisions without protected resource metadata included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OAuthConfig } from '../../src/config/model.ts';
import { Discovery } from '../../src/oauth/discovery.ts';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import { loginError, metadataOf, protectedServer, Site } from './network-site.ts';

const PRM = '/.well-known/oauth-protected-resource';
const OAUTH = '/.well-known/oauth-authorization-server';
const OIDC = '/.well-known/openid-configuration';

/** Discovers for `<site><path>`. */
function find(site: Site, oauth: Partial<OAuthConfig> = {}, path = '/mcp') {
  const server = protectedServer(site.origin + path, oauth);
  return new Discovery().discover(server, undefined, oauthFetch(server));
}

test('the metadata of the resource leads to that of its authorization server', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  site.pages[`${PRM}/mcp`] = {
    resource: site.origin,
    authorization_servers: [`${as.origin}/t1`],
    scopes_supported: ['a'],
  };
  as.pages[`${OAUTH}/t1`] = metadataOf(`${as.origin}/t1`);
  const found = await find(site);
  assert.deepEqual(
    { ...found, metadata: found.metadata.token_endpoint },
    {
      issuer: `${as.origin}/t1`,
      metadata: `${as.origin}/t1/token`,
      resource: site.origin,
      scopesSupported: ['a'],
      source: 'metadata',
    },
  );
  assert.deepEqual([site.asked.length, as.asked.length], [1, 1]);
});

test('a resource whose authorization server publishes nothing is an error, never a guess', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  site.pages[PRM] = { resource: site.origin, authorization_servers: [as.origin] };
  site.pages[OAUTH] = metadataOf(site.origin);
  await assert.rejects(find(site), loginError('discovery_failed', /publishes no metadata/));
});

test('a wrong resource is the end: no authorization server is asked', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  site.pages[PRM] = { resource: 'https://evil.example.com/mcp', authorization_servers: [as.origin] };
  await assert.rejects(find(site), loginError('metadata_rejected'));
  assert.deepEqual(as.asked, []);
});

test('the configured resource goes first, and "omit" means none', async (t) => {
  const site = await Site.start(t);
  site.pages[PRM] = { resource: site.origin, authorization_servers: [site.origin] };
  site.pages[OAUTH] = metadataOf(site.origin);
  assert.equal((await find(site, { resource: 'urn:mine' })).resource, 'urn:mine');
  assert.equal((await find(site, { resource: 'omit' })).resource, undefined);
});

test('without metadata of the resource the origin is the authorization server', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf(site.origin);
  const found = await find(site, {}, '/public/mcp?key=secret');
  assert.deepEqual([found.issuer, found.source, found.scopesSupported], [site.origin, 'metadata', undefined]);
  assert.equal(found.resource, `${site.origin}/public/mcp`);
  assert.equal((await find(site, {}, '/')).resource, site.origin);
});

test('the issuer of such a server may have a last slash that its origin has not, and is found again by it', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf(`${site.origin}/`);
  const server = protectedServer(`${site.origin}/mcp`);
  const fetch = oauthFetch(server);
  const discovery = new Discovery();
  const found = await discovery.discover(server, undefined, fetch);
  assert.equal(found.issuer, `${site.origin}/`);
  discovery.forget(server);
  assert.equal((await discovery.rediscover(server, found.issuer, found.source, fetch)).issuer, `${site.origin}/`);
});

test('such a server with the issuer of another is refused, and default endpoints are not tried', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf('https://as.example.com');
  await assert.rejects(find(site), loginError('metadata_rejected', /set "issuer" to "https:\/\/as\.example\.com"/));
});

test('a server without any metadata has default endpoints, and S256 is used', async (t) => {
  const site = await Site.start(t);
  const found = await find(site, {}, '/public/mcp');
  assert.deepEqual(found, {
    issuer: site.origin,
    metadata: {
      issuer: site.origin,
      authorization_endpoint: `${site.origin}/authorize`,
      token_endpoint: `${site.origin}/token`,
      registration_endpoint: `${site.origin}/register`,
      code_challenge_methods_supported: ['S256'],
    },
    resource: `${site.origin}/public/mcp`,
    scopesSupported: undefined,
    source: 'default-endpoints',
  });
  assert.deepEqual(
    site.asked.map((line) => line.replace('GET ', '')),
    [`${PRM}/public/mcp`, PRM, OAUTH, OIDC],
  );
});

test('a refusal or a failure at a place for metadata is no reason for default endpoints', async (t) => {
  for (const answer of [401, 403, 500, 502, '<html>']) {
    for (const place of [PRM, OAUTH, OIDC]) {
      const site = await Site.start(t);
      site.pages[place] = answer;
      await assert.rejects(find(site), loginError('discovery_failed'), `${answer} at ${place}`);
    }
  }
});

test('server_url takes the place of the origin, with its path and without', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  as.pages[`${OAUTH}/t1`] = metadataOf(`${as.origin}/t1/`);
  assert.equal((await find(site, { serverUrl: `${as.origin}/t1` })).issuer, `${as.origin}/t1/`);
  as.pages[OAUTH] = metadataOf(as.origin);
  const atOrigin = await find(site, { serverUrl: `${as.origin}/t2` });
  assert.deepEqual([atOrigin.issuer, atOrigin.source], [as.origin, 'metadata']);
  assert.equal((await find(site, { serverUrl: as.origin })).issuer, as.origin);
  delete as.pages[OAUTH];
  const found = await find(site, { serverUrl: `${as.origin}/t2` });
  assert.deepEqual([found.source, found.metadata.token_endpoint], ['default-endpoints', `${as.origin}/token`]);
  assert.equal(found.resource, `${site.origin}/mcp`);
});

test('server_url must be a safe address as well', async (t) => {
  const site = await Site.start(t);
  await assert.rejects(
    find(site, { serverUrl: 'http://as.example.com' }),
    loginError('address_not_allowed', /server_url/),
  );
});

test('server_url is not asked where the server names its authorization server', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  site.pages[PRM] = { resource: site.origin, authorization_servers: [site.origin] };
  site.pages[OAUTH] = metadataOf(site.origin);
  assert.equal((await find(site, { serverUrl: as.origin })).issuer, site.origin);
  assert.deepEqual(as.asked, []);
});

test('a configured issuer is discovered where the server names none, to the letter and without default endpoints', async (t) => {
  const [site, as] = [await Site.start(t), await Site.start(t)];
  site.pages[PRM] = 403;
  as.pages[OAUTH] = metadataOf(as.origin);
  assert.equal((await find(site, { issuer: as.origin, serverUrl: site.origin })).issuer, as.origin);
  await assert.rejects(find(site, { issuer: `${as.origin}/` }), loginError('metadata_rejected', /last slash/));
  delete as.pages[OAUTH];
  await assert.rejects(find(site, { issuer: as.origin }), loginError('discovery_failed'));
});

test('metadata is remembered after discovery until it is forgotten, and each discovery asks again', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf(site.origin);
  const server = protectedServer(`${site.origin}/mcp`);
  const fetch = oauthFetch(server);
  const discovery = new Discovery();
  const { issuer, source } = await discovery.discover(server, undefined, fetch);
  site.asked.length = 0;
  assert.equal((await discovery.rediscover(server, issuer, source, fetch)).token_endpoint, `${site.origin}/token`);
  assert.deepEqual(site.asked, []);
  discovery.forget(server);
  await Promise.all([1, 2, 3].map(() => discovery.rediscover(server, issuer, source, fetch)));
  assert.deepEqual(site.asked, [`GET ${OAUTH}`]);
  await discovery.discover(server, undefined, fetch);
  assert.equal(site.asked.length, 4);
});

test('what is remembered is of one server and one issuer, and never a failure', async (t) => {
  const [site, other] = [await Site.start(t), await Site.start(t)];
  site.pages[OAUTH] = metadataOf(site.origin);
  other.pages[OAUTH] = 503;
  const server = protectedServer(`${site.origin}/mcp`);
  const fetch = oauthFetch(server);
  const discovery = new Discovery();
  await discovery.discover(server, undefined, fetch);
  await assert.rejects(discovery.rediscover(server, other.origin, 'metadata', fetch), loginError('discovery_failed'));
  other.pages[OAUTH] = metadataOf(other.origin);
  assert.equal((await discovery.rediscover(server, other.origin, 'metadata', fetch)).issuer, other.origin);
  const sibling = protectedServer(`${site.origin}/sibling`);
  await discovery.rediscover(sibling, other.origin, 'metadata', oauthFetch(sibling));
  assert.equal(other.asked.length, 3);
});

test('default endpoints are known again without a request, and never stand for metadata', async (t) => {
  const site = await Site.start(t);
  const server = protectedServer(`${site.origin}/mcp`);
  const fetch = oauthFetch(server);
  const discovery = new Discovery();
  const found = await discovery.discover(server, undefined, fetch);
  site.asked.length = 0;
  assert.deepEqual(await discovery.rediscover(server, found.issuer, found.source, fetch), found.metadata);
  assert.deepEqual(site.asked, []);
  await assert.rejects(discovery.rediscover(server, found.issuer, 'metadata', fetch), loginError('discovery_failed'));
});
