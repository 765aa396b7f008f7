/** The pages of the demo's authorization server: small, without scripts, light and dark. */
import type { ConsentQuestion } from './interactions.ts';

/** `form-action` is left open: browsers apply it to the redirect back to the client as well. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
};

/** `refused`: the name that was given with a wrong password. */
export function loginPage(accounts: readonly string[], refused?: string): string {
  const names = accounts
    .map((name) => `<li><b>${escapeHtml(name)}</b>, password <b>${escapeHtml(name)}</b></li>`)
    .join('');
  const wrong = refused === undefined ? '' : '<p class="wrong" role="alert">That name and password do not match.</p>';
  return page(
    'Sign in',
    `<p>This is a demo. It has these accounts:</p><ul>${names}</ul>${wrong}
<form method="post">
<label for="login">Name</label>
<input id="login" name="login" value="${escapeHtml(refused ?? '')}" autocomplete="username" autocapitalize="none" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<p class="buttons"><button class="main">Sign in</button>
<button name="decision" value="deny" formnovalidate>Cancel</button></p>
</form>`,
  );
}

export function consentPage({ account, client, scopes, resources, returnsTo }: ConsentQuestion): string {
  const rights = scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code>${explain(scope)}</li>`).join('');
  const where = resources.map((resource) => `<code>${escapeHtml(resource)}</code>`).join(', ');
  return page(
    'Allow access?',
    `<p><b>${escapeHtml(client)}</b> asks to act as <b>${escapeHtml(account)}</b>${where === '' ? '' : ` at ${where}`}:</p>
<ul>${rights || '<li>nothing more than before</li>'}</ul>
<p>Afterwards you return to <code>${escapeHtml(returnsTo)}</code>.</p>
<form method="post">
<p class="buttons"><button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></p>
</form>`,
  );
}

export function errorPage(title: string, message: string): string {
  return page(title, `<p>${escapeHtml(message)}</p>`);
}

const MEANINGS: Readonly<Record<string, string>> = {
  'notes:read': ': read your notes and add new ones',
  'notes:write': ': delete your notes',
  offline_access: ': stay connected while you are away',
  openid: ': know who you are',
};

function explain(scope: string): string {
  return MEANINGS[scope] ?? '';
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - Notes demo</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="from">Notes, a demo service</p>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ground: #f4f2ee; --paper: #fff; --ink: #1d1b18; --soft: #5c564d; --line: #8a8378; --accent: #7a3e00; --on-accent: #fff; --wrong: #a30f0f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #191714; --paper: #24211d; --ink: #f1ede6; --soft: #b9b1a5; --line: #857d71; --accent: #ffb066; --on-accent: #241300; --wrong: #ff9a92; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; overflow-wrap: anywhere; max-width: 26rem; padding: 1.5rem 2rem 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.2; }
.from { margin: 0; color: var(--soft); }
ul { padding-left: 1.25rem; }
label { display: block; margin: 1rem 0 .375rem; font-weight: 600; }
input { width: 100%; padding: .5rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .375rem; }
.buttons { display: flex; gap: .75rem; margin: 1.5rem 0 0; }
button { padding: .5rem 1.25rem; font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid var(--line); border-radius: .375rem; cursor: pointer; }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.wrong { color: var(--wrong); font-weight: 600; }
`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
