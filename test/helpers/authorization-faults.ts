/** How an authorization server fails: planned for an endpoint, struck at its next requests. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type AsEndpoint = 'metadata' | 'authorize' | 'token' | 'register' | 'revoke' | 'interaction' | 'other';

/**
 * `drop`: the request takes effect, the answer is lost. `error`: 500 without effect. `unavailable`: 503 likewise.
 * `hang`: no answer until `heal`. `garbage`: 200 with HTML instead of JSON.
 */
export type Fault = 'drop' | 'error' | 'unavailable' | 'hang' | 'garbage';

const ENDPOINTS: readonly AsEndpoint[] = ['authorize', 'token', 'register', 'revoke', 'interaction'];

export class Faults {
  readonly #planned = new Map<AsEndpoint, { readonly fault: Fault; times: number }>();
  readonly #hanging = new Set<ServerResponse>();

  plan(endpoint: AsEndpoint, fault: Fault, times: number): void {
    this.#planned.set(endpoint, { fault, times });
  }

  /** No more faults; what hangs is cut. */
  heal(): void {
    this.#planned.clear();
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
  }

  /** Undefined when the request is to be served; else it was answered here, or never will be. */
  async strike(
    endpoint: AsEndpoint,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ readonly grantType?: string } | undefined> {
    const planned = this.#planned.get(endpoint);
    if (planned === undefined || planned.times < 1) return undefined;
    planned.times -= 1;
    if (planned.fault === 'drop') {
      // Cut when the answer is about to go out.
      response.end = () => response.destroy();
      return undefined;
    }
    const grantType = new URLSearchParams(await readText(request)).get('grant_type');
    if (planned.fault === 'hang') this.#hanging.add(response);
    else answer(response, planned.fault);
    return grantType === null ? {} : { grantType };
  }
}

/** As Keycloak's policy does. */
export function refuseByPolicy(response: ServerResponse): void {
  const description = "Policy 'Trusted Hosts' rejected request to client-registration service.";
  sendJson(response, 403, { error: 'insufficient_scope', error_description: description });
}

/** What a path, without the issuer's, stands for. */
export function endpointOf(path: string): AsEndpoint {
  if (path.includes('/.well-known/')) return 'metadata';
  const [, first, ...rest] = path.split('/');
  // Back from the pages.
  if (first === 'authorize' && rest.length > 0) return 'other';
  return ENDPOINTS.find((endpoint) => endpoint === first) ?? 'other';
}

function answer(response: ServerResponse, fault: Exclude<Fault, 'drop' | 'hang'>): void {
  if (fault === 'garbage') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>');
  else sendJson(response, fault === 'error' ? 500 : 503, { error: 'server_error' });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
