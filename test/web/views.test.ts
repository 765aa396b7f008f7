/** The pages as HTML: what is escaped, what forms carry, and what is offered in which state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { ConnectionStatus } from '../../src/oauth/model.ts';
import type { Server } from '../../src/upstream/server.ts';
import type { McpModel } from '../../src/web/mcp-snippets.ts';
import {
  type ConnectionFacts,
  connectionModel,
  type FailureModel,
  type HomeModel,
  type LoginModel,
  type PersonModel,
  serverModel,
} from '../../src/web/models.ts';
import { sessionAddresses } from '../../src/web/session-addresses.ts';
import { tokensModel } from '../../src/web/token-models.ts';
import { docsPage, failurePage, homePage, loginPage, newTokenPage } from '../../src/web/views.ts';

const NOW = Date.UTC(2026, 0, 31, 13, 42);
const HOSTILE = `"'><script>alert(1)</script><b style="x" onclick=y>&amp;`;
const FACTS: ConnectionFacts = {
  connectUrl: '/oauth/a/authorize',
  disconnectUrl: '/oauth/a/disconnect',
  shared: false,
};
const VISITOR: PersonModel = { label: 'this browser', kind: 'visitor', csrf: 'token-1', logoutUrl: '/logout' };
const ALICE: PersonModel = { ...VISITOR, label: 'alice', kind: 'signed-in' };

const MCP: McpModel = {
  url: HOSTILE,
  hints: [HOSTILE],
  snippets: [{ client: HOSTILE, place: HOSTILE, text: HOSTILE }],
};

const HOME: HomeModel = {
  heading: 'latchkey',
  rootPath: '/root',
  description: '',
  publicUrl: 'http://localhost:8000/root',
  single: false,
  servers: [],
  warnings: [],
  person: VISITOR,
};
const LOGIN: LoginModel = {
  heading: 'Sign in',
  rootPath: '',
  action: '/login',
  csrf: 'token-2',
  next: '/a?b=c&d',
  asksKey: true,
  asksAccount: true,
};
const FAILURE: FailureModel = {
  heading: 'Not connected',
  rootPath: '',
  title: 'You did not agree',
  what: 'Nothing was connected.',
  remedy: 'Connect again.',
  code: 'consent_denied',
  requestId: 'req-1',
  backUrl: '/',
};

function card(status: ConnectionStatus | undefined, facts = FACTS, name = 'a'): HomeModel['servers'][number] {
  const server = { name, state: { state: 'personal' } } as unknown as Server;
  return { ...serverModel(server, '/', false, connectionModel(status, facts, NOW)), mcp: MCP };
}

function home(status: ConnectionStatus | undefined, facts = FACTS): string {
  return homePage({ ...HOME, servers: [card(status, facts)] });
}

/** Tags, inner text and attributes of the forms of a page. */
function forms(page: string): string[] {
  return page.match(/<form[\s\S]*?<\/form>/g) ?? [];
}

describe('every page', () => {
  const connected: ConnectionStatus = { state: 'connected', scope: HOSTILE, wantedScope: HOSTILE };
  const hostilePerson: PersonModel = { label: HOSTILE, kind: 'signed-in', csrf: HOSTILE, logoutUrl: '/logout' };
  const frame = { heading: HOSTILE, person: hostilePerson };
  const pages: Record<string, string> = {
    home: homePage({
      ...HOME,
      ...frame,
      description: HOSTILE,
      servers: [card(connected, FACTS, HOSTILE)],
      warnings: [HOSTILE],
      notices: [{ kind: 'done', text: HOSTILE }],
      allServers: MCP,
      access: tokensModel(
        [{ id: HOSTILE, name: HOSTILE, createdAt: NOW, expiresAt: NOW + 1000 }],
        { createUrl: HOSTILE, revokeUrl: HOSTILE, csrf: HOSTILE },
        NOW,
      ),
    }),
    token: newTokenPage({
      ...frame,
      rootPath: '',
      name: HOSTILE,
      token: HOSTILE,
      expires: undefined,
      mcp: MCP,
      isForAll: true,
    }),
    login: loginPage({ ...LOGIN, ...frame, csrf: HOSTILE, next: HOSTILE, problem: HOSTILE }),
    failure: failurePage({
      ...FAILURE,
      ...frame,
      title: HOSTILE,
      what: HOSTILE,
      remedy: HOSTILE,
      requestId: HOSTILE,
      provider: { error: HOSTILE, description: HOSTILE },
    }),
    docs: docsPage({ ...frame, rootPath: '', documentUrl: HOSTILE, isRootDocs: false }),
  };

  it('escapes whatever comes from outside, and holds nothing inline', () => {
    for (const [name, page] of Object.entries(pages)) {
      assert.match(page, /&lt;script&gt;alert/, name);
      assert.doesNotMatch(page, /<b |<script>|<script(?! src=)|<style/, name);
      const tags = page.match(/<[a-z][^>]*>/g) ?? [];
      for (const tag of tags)
        assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, ''), /\s(on\w+|style)=/, `${name}: ${tag}`);
    }
  });

  it('has one main heading and one main part', () => {
    for (const [name, page] of Object.entries(pages)) {
      assert.equal(page.match(/<h1/g)?.length, 1, name);
      assert.equal(page.match(/<main/g)?.length, 1, name);
    }
  });

  it('carries a token in each form that it posts', () => {
    for (const [name, page] of Object.entries(pages)) {
      assert.ok(forms(page).length > 0, name);
      for (const form of forms(page)) {
        assert.match(form, /^<form[^>]* method="post"/, name);
        assert.match(form, /<input type="hidden" name="_csrf" value="[^"]+">/, name);
      }
    }
  });
});

describe('the head of a page', () => {
  it('says who is there, and lets them leave', () => {
    const asAlice = homePage({ ...HOME, person: ALICE });
    assert.match(asAlice, /Signed in as <strong>alice<\/strong>/);
    assert.match(asAlice, /action="\/logout"[\s\S]*>Sign out</);
    const asVisitor = homePage({ ...HOME, loginUrl: '/login?next=%2F' });
    assert.match(asVisitor, /belong to <strong>this browser<\/strong>. Forgetting it disconnects everything/);
    assert.match(asVisitor, />Forget this browser</);
    assert.match(asVisitor, /<a href="\/login\?next=%2F">Sign in<\/a>/);
  });

  it('shows nobody where nobody is known', () => {
    const { person: _person, ...nobody } = HOME;
    assert.doesNotMatch(homePage(nobody), /class="person"/);
    assert.match(homePage({ ...nobody, loginUrl: '/login' }), /You are not signed in/);
  });
});

describe('the list of servers', () => {
  it('offers Connect as a link, because a form may not lead to another site', () => {
    const page = home({ state: 'needs-login' });
    assert.match(page, /<a class="button" href="\/oauth\/a\/authorize">Connect<span class="hidden"> to a<\/span><\/a>/);
    assert.match(home({ state: 'expired' }), />Connect again</);
    assert.match(home(undefined), /<a class="button"[^>]*>Sign in</);
    assert.doesNotMatch(home({ state: 'connected' }), /oauth\/a\/authorize/);
  });

  it('offers no way to sign in that leads to nothing', () => {
    const offer = { id: 'u-1', label: 'ann', action: '/login', csrf: 'c', next: '/' };
    const servers = [card(undefined)];
    const offered = homePage({ ...HOME, servers, offer });
    assert.doesNotMatch(offered, /authorize|Sign in here first/);
    assert.match(offered, /Choose “Continue as ann” above/);
    const formless = homePage({ ...HOME, servers, hasLoginForm: false });
    assert.doesNotMatch(formless, /authorize|Sign in here first/);
    assert.match(formless, /Sign in to Open WebUI in this browser and reload this page/);
    // Who is known already connects as before.
    const known = homePage({ ...HOME, servers: [card({ state: 'needs-login' })], hasLoginForm: false });
    assert.match(known, /<a class="button" href="\/oauth\/a\/authorize">Connect</);
  });

  it('calls the address of a server by what it is', () => {
    assert.match(home({ state: 'connected' }), /<dt>REST<\/dt>/);
  });

  it('has a style for every state', () => {
    const styles = readFileSync('views/assets/latchkey.css', 'utf8');
    for (const state of ['idle', 'connecting', 'ready', 'failed', 'closed', 'personal', 'needs-login']) {
      const known = { name: 'a', state: { state } } as unknown as Server;
      const page = homePage({ ...HOME, servers: [{ ...serverModel(known, '/', false), mcp: MCP }] });
      const [, name = ''] = /<p class="state ([^"]+)">/.exec(page) ?? [];
      assert.match(styles, new RegExp(`\\.state\\.${name}[ ,][^{]*{ color:`), state);
    }
  });

  it('shows the addresses of sessions where callers know them', () => {
    const model = { ...card({ state: 'connected' }), name: 'a b', path: '/pre/a%20b' };
    const shown = (servesApi: boolean) => {
      const addresses = sessionAddresses(HOME.publicUrl, model, servesApi);
      const page = homePage({ ...HOME, servers: [{ ...model, ...addresses }] });
      return [...page.matchAll(/<dt>(SSE|REST with sessions)<\/dt><dd><code[^>]*>([^<]*)</g)].map((found) =>
        found.slice(1),
      );
    };
    const stream = ['SSE', 'http://localhost:8000/root/pre/a%20b'];
    assert.deepEqual(shown(true), [stream, ['REST with sessions', 'http://localhost:8000/root/api/a%20b']]);
    assert.deepEqual(shown(false), [stream]);
    assert.doesNotMatch(home({ state: 'connected' }), /SSE|sessions/);
  });

  it('offers the tools only where they can be used', () => {
    const offered = (status: ConnectionStatus | undefined) => /href="\/root\/a\/docs"/.test(home(status));
    assert.ok(offered({ state: 'connected' }));
    assert.ok(offered({ state: 'connected', wantedScope: 'w' }));
    for (const status of [undefined, { state: 'needs-login' as const }, { state: 'expired' as const }]) {
      assert.ok(!offered(status));
    }
    assert.match(home({ state: 'needs-login' }), />http:\/\/localhost:8000\/root\/a</);
  });

  it('offers Disconnect to a person with a session alone, and where there is something to disconnect', () => {
    const offered = (page: string) => /action="\/oauth\/a\/disconnect"|>Disconnect</.test(page);
    const { person: _person, ...nobody } = HOME;
    assert.ok(offered(home({ state: 'connected' })));
    assert.ok(!offered(home({ state: 'connected' }, { ...FACTS, disconnectUrl: undefined })));
    assert.ok(!offered(homePage({ ...nobody, servers: [card({ state: 'connected' })] })));
  });

  it('says when a sign-in ends, for people and for scripts', () => {
    const page = home({ state: 'connected', renews: false, expiresAt: NOW + 23 * 60_000 });
    assert.match(page, /Until <time datetime="2026-01-31T14:05:00.000Z">14:05 UTC<\/time> \(in 23 minutes\)/);
  });

  it('tells what has just happened', () => {
    const page = homePage({ ...HOME, notices: [{ kind: 'done', text: 'Connected to a.' }] });
    assert.match(page, /<div role="status">\s*<p class="notice done">Connected to a\.<\/p>/);
    assert.doesNotMatch(homePage(HOME), /role="status"/);
  });
});

describe('the sign-in page', () => {
  it('asks for what the gateway takes', () => {
    const names = (more: Partial<LoginModel>) =>
      [...loginPage({ ...LOGIN, ...more }).matchAll(/name="(key|username|password)"/g)].map(([, name]) => name);
    assert.deepEqual(names({}), ['username', 'password', 'key']);
    assert.deepEqual(names({ asksKey: false }), ['username', 'password']);
    assert.deepEqual(names({ asksAccount: false }), ['key']);
  });

  it('carries the way back in each form, and says that connections are not moved', () => {
    const page = loginPage(LOGIN);
    for (const form of forms(page)) {
      assert.match(form, /action="\/login"/);
      assert.match(form, /name="next" value="\/a\?b=c&amp;d"/);
    }
    assert.match(page, /signing in does not move them/);
  });

  it('says why the last try failed', () => {
    assert.match(loginPage({ ...LOGIN, problem: 'Wrong key.' }), /role="alert">Wrong key\.</);
    assert.doesNotMatch(loginPage(LOGIN), /role="alert"/);
  });
});

describe('the page of a failure', () => {
  it('says what happened, what to do, and how to report it', () => {
    const page = failurePage({ ...FAILURE, retryUrl: '/oauth/a/authorize' });
    assert.match(page, /<h1>You did not agree<\/h1>\s*<p class="what">Nothing was connected\.<\/p>/);
    for (const text of ['Connect again.', 'consent_denied', 'req-1', 'Back to the servers'])
      assert.ok(page.includes(text));
    assert.match(page, /href="\/oauth\/a\/authorize">Try again</);
    assert.doesNotMatch(failurePage(FAILURE), /Try again|The provider says/);
  });

  it("marks the provider's words as the provider's", () => {
    const page = failurePage({ ...FAILURE, provider: { error: 'access_denied', description: 'Call <us>' } });
    assert.match(
      page,
      /The provider says, in its own words:<\/figcaption>\s*<blockquote>\s*<p dir="auto">Call &lt;us&gt;</,
    );
    assert.match(failurePage({ ...FAILURE, provider: { error: 'odd' } }), /<blockquote>\s*<p><code dir="auto">odd</);
  });
});
