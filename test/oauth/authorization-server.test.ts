/** What an authorization server publishes: where it is looked for, and what is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationServer, type IssuerMatch } from '../../src/oauth/authorization-server.ts';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import { loginError, metadataOf, protectedServer, Site } from './network-site.ts';

const OAUTH = '/.well-known/oauth-authorization-server';
const OIDC = '/.well-known/openid-configuration';

function ask(site: Site, path = '', match: IssuerMatch = 'exact', oauth: Parameters<typeof protectedServer>[1] = {}) {
  const server = protectedServer(`${site.origin}/mcp`, oauth);
  return authorizationServer(server, site.origin + path, match, oauthFetch(server));
}

for (const [path, places] of [
  ['', [OAUTH, OIDC]],
  ['/', [OAUTH, OIDC]],
  ['/t1', [`${OAUTH}/t1`, `${OIDC}/t1`, `/t1${OIDC}`]],
  ['/realms/mcp/', [`${OAUTH}/realms/mcp`, `${OIDC}/realms/mcp`, `/realms/mcp${OIDC}`]],
] as const) {
  test(`the places of an issuer with the path "${path}" are asked in order, up to the first document`, async (t) => {
    const site = await Site.start(t);
    // The trap: a document at the root belongs to another issuer.
    if (path.length > 1) site.pages[OAUTH] = metadataOf(site.origin + path);
    assert.equal(await ask(site, path), undefined);
    assert.deepEqual(
      site.asked,
      places.map((place) => `GET ${place}`),
    );
    for (const [index, place] of [...places.entries()].reverse()) {
      site.pages[place] = metadataOf(site.origin + path);
      site.asked.length = 0;
      assert.equal((await ask(site, path))?.issuer, site.origin + path);
      assert.equal(site.asked.length, index + 1);
    }
  });
}

for (const answer of [400, 401, 403, 405, 502, '<html>', []]) {
  test(`${JSON.stringify(answer)} leads to the next place, but is not "none"`, async (t) => {
    const site = await Site.start(t);
    site.pages[OAUTH] = answer;
    await assert.rejects(ask(site), loginError('discovery_failed'));
    site.pages[OIDC] = metadataOf(site.origin);
    assert.equal((await ask(site))?.issuer, site.origin);
  });
}

test('an authorization server that is out of order ends the search', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = 503;
  site.pages[OIDC] = metadataOf(site.origin);
  await assert.rejects(ask(site), loginError('discovery_failed', /HTTP 503/));
  assert.equal(site.asked.length, 1);
});

test('only what a login uses is kept, and nothing of another type', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf(site.origin, {
    revocation_endpoint: `${site.origin}/revoke?a=b`,
    scopes_supported: ['a', 1, 'x'.repeat(300), null],
    token_endpoint_auth_methods_supported: 'none',
    grant_types_supported: Array.from({ length: 1000 }, () => 'g'),
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: 'true',
    jwks_uri: 'http://10.0.0.1/',
    nested: [[[]]],
  });
  assert.deepEqual(await ask(site), {
    issuer: site.origin,
    authorization_endpoint: `${site.origin}/authorize`,
    token_endpoint: `${site.origin}/token`,
    registration_endpoint: `${site.origin}/register`,
    revocation_endpoint: `${site.origin}/revoke?a=b`,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['a'],
    grant_types_supported: Array.from({ length: 500 }, () => 'g'),
    authorization_response_iss_parameter_supported: true,
  });
});

for (const [what, change] of [
  ['of another host', () => 'https://evil.example.com'],
  ['in another case', (issuer) => issuer.replace('http', 'HTTP')],
  ['with another path', (issuer) => `${issuer}/t1`],
  ['with its default spelled out', (issuer) => `${issuer}/.`],
  ['that is missing', () => undefined],
  ['that is a list', (issuer) => [issuer]],
] as readonly (readonly [string, (issuer: string) => unknown])[]) {
  test(`a document with an issuer ${what} is refused, and no other place is asked`, async (t) => {
    const site = await Site.start(t);
    site.pages[OAUTH] = metadataOf(site.origin, { issuer: change(site.origin) });
    site.pages[OIDC] = metadataOf(site.origin);
    await assert.rejects(ask(site), loginError('metadata_rejected'));
    await assert.rejects(ask(site, '', 'slash'), loginError('metadata_rejected'));
    assert.deepEqual(site.asked, [`GET ${OAUTH}`, `GET ${OAUTH}`]);
  });
}

test('a last slash makes another issuer, which the error says; but not of a server without other metadata', async (t) => {
  const site = await Site.start(t);
  for (const [asked, published] of [
    ['', '/'],
    ['/', ''],
  ] as const) {
    site.pages[OAUTH] = metadataOf(site.origin + published);
    const says = new RegExp(`last slash.*set "issuer" to "${site.origin}${published}"`);
    await assert.rejects(ask(site, asked), loginError('metadata_rejected', says));
    assert.equal((await ask(site, asked, 'slash'))?.issuer, site.origin + published);
    assert.equal((await ask(site, published))?.issuer, site.origin + published);
  }
});

test('an error does not talk anybody into trusting a stranger', async (t) => {
  const site = await Site.start(t);
  site.pages[OAUTH] = metadataOf('https://evil.example.com');
  const isSuggested = /\| .*evil/;
  await assert.rejects(ask(site), (error: Error & { remedy?: string }) => !isSuggested.test(`| ${error.remedy}`));
});

for (const methods of [undefined, [], ['plain'], 'S256', ['s256'], null]) {
  test(`code_challenge_methods_supported ${JSON.stringify(methods)} is refused`, async (t) => {
    const site = await Site.start(t);
    for (const place of [OAUTH, OIDC]) {
      site.pages[place] = metadataOf(site.origin, { code_challenge_methods_supported: methods });
    }
    await assert.rejects(ask(site), loginError('metadata_rejected', /^The authorization server does not offer PKCE/));
  });
}

for (const [name, isRequired] of [
  ['authorization_endpoint', true],
  ['token_endpoint', true],
  ['registration_endpoint', false],
  ['revocation_endpoint', false],
] as const) {
  test(`the ${name} is a usable URL${isRequired ? '' : ' or absent'}`, async (t) => {
    const site = await Site.start(t);
    const publish = (text: unknown): void => {
      site.pages[OAUTH] = metadataOf(site.origin, { [name]: text });
    };
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '/relative', 7, null, '']) {
      publish(text);
      await assert.rejects(ask(site), loginError('metadata_rejected', new RegExp(name)), String(text));
    }
    publish('http://as.example.com/x');
    await assert.rejects(ask(site), loginError('address_not_allowed', /allow_insecure_http/));
    assert.equal((await ask(site, '', 'exact', { allowInsecureHttp: true }))?.[name], 'http://as.example.com/x');
    publish(undefined);
    if (isRequired) await assert.rejects(ask(site), loginError('metadata_rejected', new RegExp(name)));
    else assert.equal(name in ((await ask(site)) ?? {}), false);
  });
}

test('an issuer has neither a query nor a fragment, and is asked by https', async (t) => {
  const site = await Site.start(t);
  for (const path of ['?a=b', '#a', '/t1?a']) await assert.rejects(ask(site, path), loginError('metadata_rejected'));
  const server = protectedServer(site.origin);
  const plain = authorizationServer(server, 'http://as.example.com', 'exact', oauthFetch(server));
  await assert.rejects(plain, loginError('address_not_allowed', /allow_insecure_http/));
  assert.deepEqual(site.asked, []);
});
