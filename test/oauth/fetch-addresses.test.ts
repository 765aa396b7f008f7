/** Where requests on behalf of a server may go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import { loginError, names, protectedServer, redirectTo, Site } from './network-site.ts';

/** The site under the name `as.test`. */
function named(site: Site, path: string): string {
  return `http://as.test:${new URL(site.origin).port}${path}`;
}

const LENIENT = { allowInsecureHttp: true };
/** A server of its own for each test: what its name led to first is kept. */
const atName = () => protectedServer('https://mcp.test/mcp', LENIENT);
const onThisMachine = () => protectedServer('https://mcp.localhost/mcp', LENIENT);

for (const [what, address] of [
  ['loopback', '127.0.0.1'],
  ['loopback in a mapped form', '::ffff:127.0.0.1'],
  ['private', '10.0.0.1'],
  ['link-local', '169.254.1.1'],
  ['cloud metadata', '169.254.169.254'],
  ['cloud metadata behind NAT64', '64:ff9b::a9fe:a9fe'],
  ['unspecified', '0.0.0.0'],
] as const) {
  test(`for a public server a name with a ${what} address is not asked`, async (t) => {
    const site = await Site.start(t);
    const resolve = names({ 'mcp.test': ['8.8.8.8'], 'as.test': [address] });
    await assert.rejects(
      oauthFetch(atName(), { resolve })(named(site, '/')),
      loginError('address_not_allowed', /"as.test"/),
    );
    assert.deepEqual(site.asked, []);
  });

  test(`for a public server a literal ${what} address is not asked, though no resolver sees it`, async (t) => {
    const site = await Site.start(t);
    const host = address.includes(':') ? `[${address}]` : address;
    const url = `http://${host}:${new URL(site.origin).port}/`;
    const resolve = names({ 'mcp.test': ['8.8.8.8'] });
    await assert.rejects(oauthFetch(atName(), { resolve })(url), loginError('address_not_allowed'));
    assert.deepEqual(site.asked, []);
  });
}

test('for a private server loopback and cloud metadata stay closed', async () => {
  const resolve = names({ 'mcp.test': ['10.0.0.1'], 'as.test': ['127.0.0.1'], 'cloud.test': ['169.254.169.254'] });
  const fetch = oauthFetch(atName(), { resolve });
  await assert.rejects(fetch('https://as.test/'), loginError('address_not_allowed'));
  await assert.rejects(fetch('https://cloud.test/'), loginError('address_not_allowed'));
});

test('the checked address is the one that is connected to, and a name is resolved once per request', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = { ok: true };
  // The system knows neither name, so a second look-up would fail; of two addresses the forbidden one is left out.
  const resolve = names({ 'mcp.localhost': ['127.0.0.1'], 'as.test': ['169.254.169.254', '127.0.0.1'] });
  const fetch = oauthFetch(onThisMachine(), { resolve });
  assert.deepEqual(await (await fetch(named(site, '/'))).json(), { ok: true });
  assert.equal(site.headers[0]?.host, new URL(named(site, '/')).host);
  assert.deepEqual(resolve.calls, ['mcp.localhost', 'as.test']);
  await fetch(named(site, '/'));
  assert.deepEqual(resolve.calls, ['mcp.localhost', 'as.test', 'as.test']);
});

test('a name that changes its address between two requests is checked again', async (t) => {
  const site = await Site.start(t);
  const known: Record<string, string[]> = { 'mcp.localhost': ['127.0.0.1'], 'as.test': ['127.0.0.1'] };
  const fetch = oauthFetch(onThisMachine(), { resolve: names(known) });
  await fetch(named(site, '/'));
  known['as.test'] = ['169.254.169.254'];
  await assert.rejects(fetch(named(site, '/')), loginError('address_not_allowed'));
  assert.equal(site.asked.length, 1);
});

test('the server stays as private as it was, whatever its name says later, for every request on its behalf', async (t) => {
  const site = await Site.start(t);
  const known: Record<string, string[]> = { 'mcp.test': ['8.8.8.8'], 'as.test': ['10.0.0.1'] };
  const server = atName();
  for (const own of ['8.8.8.8', '10.0.0.2', '127.0.0.1']) {
    known['mcp.test'] = [own];
    await assert.rejects(
      oauthFetch(server, { resolve: names(known) })(named(site, '/')),
      loginError('address_not_allowed'),
    );
  }
});

test('a name that somebody lets lead to this machine opens nothing on it', async (t) => {
  const site = await Site.start(t);
  const resolve = names({ 'mcp.test': ['127.0.0.1'], 'as.test': ['127.0.0.1'] });
  for (const url of [named(site, '/'), `${site.origin}/`]) {
    await assert.rejects(oauthFetch(atName(), { resolve })(url), loginError('address_not_allowed'));
  }
  assert.deepEqual(site.asked, []);
});

test('a name that nobody knows is an error that says so to the log alone', async () => {
  const fetch = oauthFetch(atName(), { resolve: names({ 'mcp.test': ['8.8.8.8'] }) });
  await assert.rejects(fetch('https://gone.test/path?secret=1'), (error: Error & { privateDetail?: unknown }) => {
    assert.equal(error.privateDetail, 'ENOTFOUND');
    return loginError('discovery_failed', /"gone\.test" could not be reached/)(error);
  });
});

test('a server whose own name is unknown for a while can be asked afterwards', async (t) => {
  const site = await Site.start(t);
  const known: Record<string, string[]> = {};
  const fetch = oauthFetch(onThisMachine(), { resolve: names(known) });
  await assert.rejects(fetch(`${site.origin}/`), loginError('discovery_failed'));
  known['mcp.localhost'] = ['127.0.0.1'];
  assert.equal((await fetch(`${site.origin}/`)).status, 404);
});

test('plain http beyond this machine is refused before anything is resolved', async () => {
  const resolve = names({});
  const fetch = oauthFetch(protectedServer('https://mcp.test/mcp'), { resolve });
  await assert.rejects(fetch('http://as.test/'), loginError('address_not_allowed', /allow_insecure_http/));
  await assert.rejects(fetch('javascript:alert(1)'), loginError('metadata_rejected'));
  assert.deepEqual(resolve.calls, []);
});

test('a GET follows three redirects and no more', async (t) => {
  const site = await Site.start(t);
  for (const [index, status] of [301, 302, 307, 308].entries()) {
    site.pages[`/${index}`] = redirectTo(index % 2 === 0 ? `/${index + 1}` : `${site.origin}/${index + 1}`, status);
  }
  site.pages['/4'] = { ok: true };
  const fetch = oauthFetch(protectedServer(site.origin));
  assert.deepEqual(await (await fetch(`${site.origin}/1`)).json(), { ok: true });
  await assert.rejects(fetch(`${site.origin}/0`), loginError('discovery_failed', /more than 3 times/));
});

for (const [what, location, code] of [
  ['cloud metadata', 'http://169.254.169.254/latest/meta-data/', 'address_not_allowed'],
  ['a name with a private address', 'https://as.test/', 'address_not_allowed'],
  ['a file', 'file:///etc/passwd', 'metadata_rejected'],
  ['a script', 'javascript:alert(1)', 'metadata_rejected'],
  ['a URL with a password', 'http://user:password@127.0.0.1/', 'metadata_rejected'],
  ['nothing', 'http://', 'discovery_failed'],
] as const) {
  test(`a redirect to ${what} is not followed`, async (t) => {
    const site = await Site.start(t);
    site.pages['/'] = redirectTo(location);
    const server = protectedServer(site.origin, LENIENT);
    const fetch = oauthFetch(server, { resolve: names({ 'as.test': ['169.254.169.254'] }) });
    await assert.rejects(fetch(`${site.origin}/`), loginError(code));
    assert.equal(site.asked.length, 1);
  });
}

test('a redirect to plain http beyond this machine is not followed', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = redirectTo('http://as.test/');
  const fetch = oauthFetch(protectedServer(site.origin), { resolve: names({ 'as.test': ['127.0.0.1'] }) });
  await assert.rejects(fetch(`${site.origin}/`), loginError('address_not_allowed', /allow_insecure_http/));
});

test('a POST is handed its redirect, and sends nothing twice', async (t) => {
  const site = await Site.start(t);
  site.pages['/token'] = redirectTo('/elsewhere', 307);
  const fetch = oauthFetch(protectedServer(site.origin));
  const answer = await fetch(`${site.origin}/token`, { method: 'POST', body: new URLSearchParams({ code: 'c' }) });
  assert.equal(answer.status, 307);
  assert.deepEqual(site.asked, ['POST /token']);
});

test('an authorization header does not go on with a redirect', async (t) => {
  const [site, other] = [await Site.start(t), await Site.start(t)];
  site.pages['/'] = redirectTo(`${other.origin}/`);
  const headers = { Authorization: 'Bearer secret', accept: 'application/json' };
  await oauthFetch(protectedServer(site.origin))(`${site.origin}/`, { headers });
  assert.equal(site.headers[0]?.authorization, 'Bearer secret');
  assert.equal(other.headers[0]?.authorization, undefined);
  assert.equal(other.headers[0]?.accept, 'application/json');
});

test('no cookie is kept, and the user agent is ours', async (t) => {
  const site = await Site.start(t);
  site.pages['/'] = (_request, response) => response.writeHead(200, { 'set-cookie': 'a=b' }).end();
  const fetch = oauthFetch(protectedServer(site.origin));
  const answer = await fetch(`${site.origin}/`);
  await fetch(`${site.origin}/`, { headers: { 'user-agent': 'other' } });
  assert.equal(answer.headers.get('set-cookie'), null);
  assert.deepEqual(
    site.headers.map((headers) => [headers['user-agent'], headers.cookie]),
    [
      ['latchkey', undefined],
      ['latchkey', undefined],
    ],
  );
});
