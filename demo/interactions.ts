/** Login and consent: what a person sees between the authorization request and the way back to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Interaction, type InteractionResults, type Provider } from 'oidc-provider';
import { consentPage, errorPage, loginPage, PAGE_HEADERS } from './pages.ts';

export interface People {
  /** The password of each is the name. */
  readonly accounts: readonly string[];
  /** Whom to sign in and what to allow without any page; undefined: ask. */
  readonly autoLogin?: string | undefined;
}

const DENIED: InteractionResults = { error: 'access_denied', error_description: 'You did not allow it.' };

/** Answers a request to `<issuer>/interaction/<uid>`, which belongs to this browser by its cookie. */
export async function handleInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  people: People,
): Promise<void> {
  try {
    const interaction = await provider.interactionDetails(request, response);
    const form = request.method === 'POST' ? await readForm(request) : new URLSearchParams();
    const step = await next(provider, interaction, form, people);
    if (typeof step === 'string') return sendPage(response, 200, step);
    const mergeWithLastSubmission = step !== DENIED;
    await provider.interactionFinished(request, response, step, { mergeWithLastSubmission });
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error;
    sendPage(response, 400, errorPage('This login has expired', 'Go back to where you came from and start again.'));
  }
}

/** The page to show, or what the person decided. */
async function next(
  provider: Provider,
  interaction: Interaction,
  form: URLSearchParams,
  { accounts, autoLogin }: People,
): Promise<string | InteractionResults> {
  const isLogin = interaction.prompt.name === 'login';
  if (form.get('decision') === 'deny') return DENIED;
  if (isLogin) {
    const name = autoLogin ?? form.get('login');
    if (name === null) return loginPage(accounts);
    const isRight = accounts.includes(name) && (autoLogin !== undefined || form.get('password') === name);
    return isRight ? { login: { accountId: name } } : loginPage(accounts, name);
  }
  if (autoLogin === undefined && form.get('decision') !== 'allow')
    return consentPage(await consentQuestion(provider, interaction));
  return { consent: { grantId: await grant(provider, interaction) } };
}

export interface ConsentQuestion {
  readonly account: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** Where the browser goes afterwards. */
  readonly returnsTo: string;
}

interface Missing {
  readonly missingOIDCScope?: readonly string[];
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
}

async function consentQuestion(provider: Provider, { params, session, prompt }: Interaction): Promise<ConsentQuestion> {
  const client = await provider.Client.find(String(params.client_id));
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as Missing;
  return {
    account: session?.accountId ?? '',
    client: client?.clientName ?? String(params.client_id),
    scopes: [...new Set([...missingOIDCScope, ...Object.values(missingResourceScopes).flat()])],
    resources: Object.keys(missingResourceScopes),
    returnsTo: new URL(String(params.redirect_uri)).host,
  };
}

/** Stores what was allowed, on top of what this client had before; returns the grant's id. */
async function grant(provider: Provider, { grantId, params, session, prompt }: Interaction): Promise<string> {
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const accountId = session?.accountId ?? '';
  const allowed = known ?? new provider.Grant({ accountId, clientId: String(params.client_id) });
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as Missing;
  if (missingOIDCScope.length > 0) allowed.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    allowed.addResourceScope(resource, scopes.join(' '));
  }
  return allowed.save();
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 10_000) break;
  }
  return new URLSearchParams(text);
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS).end(html);
}
