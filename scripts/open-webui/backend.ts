/** The whole of Open WebUI as a server, and what its pages ask of it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { freePort } from '../../bench/processes.ts';
import { until } from '../../test/helpers/wait.ts';
import { type Connection, type Json, openWebuiEnv } from './driver.ts';
import { MODEL, ScriptedModel } from './model.ts';
import type { Running } from './processes.ts';
import { newSecret, type World } from './world.ts';

const START_MS = 120_000;
const TURN_MS = 30_000;

/** Somebody who has signed in. */
export interface Member {
  readonly name: string;
  readonly token: string;
}

export class Backend {
  readonly url: string;
  readonly #running: Running;
  readonly #model: ScriptedModel;
  readonly #passwords = new Map<string, string>();

  static async start({ processes, installed }: World): Promise<Backend> {
    const model = await ScriptedModel.start();
    const port = await freePort();
    const args = ['serve', '--host', '127.0.0.1', '--port', String(port)];
    const env = {
      ...openWebuiEnv(processes.home('backend')),
      WEBUI_SECRET_KEY: newSecret(),
      OPENAI_API_BASE_URLS: model.url,
      OPENAI_API_KEYS: 'none',
      BYPASS_MODEL_ACCESS_CONTROL: 'true',
    };
    const running = processes.start({ name: 'backend', command: installed.command, args, env });
    running.child.stdout.resume();
    const backend = new Backend(`http://127.0.0.1:${port}`, running, model);
    await Promise.race([until(() => backend.#isUp(), START_MS, 'Open WebUI'), running.failed(START_MS)]);
    return backend;
  }

  private constructor(url: string, running: Running, model: ScriptedModel) {
    this.url = url;
    this.#running = running;
    this.#model = model;
  }

  /** The first to sign up is the admin. */
  async signUp(name: string): Promise<Member> {
    const { token } = await this.#ask<Member>('/api/v1/auths/signup', { ...this.#credentials(name), name });
    return { name, token };
  }

  /** As an admin adds somebody by the form. */
  async add(admin: Member, name: string): Promise<Member> {
    await this.#ask('/api/v1/auths/add', { ...this.#credentials(name), name, role: 'user' }, admin.token);
    return this.signIn(name);
  }

  async signIn(name: string): Promise<Member> {
    const { token } = await this.#ask<Member>('/api/v1/auths/signin', this.#credentials(name));
    return { name, token };
  }

  /** Every token of this person is revoked by it. */
  async changePassword({ name, token }: Member): Promise<void> {
    const { password } = this.#credentials(name);
    const new_password = `new-${password}`;
    await this.#ask('/api/v1/auths/update/password', { password, new_password }, token);
    this.#passwords.set(name, new_password);
  }

  /** What Save of the admin's form does. */
  async connect(admin: Member, connection: Connection): Promise<void> {
    await this.#ask('/api/v1/configs/tool_servers', { TOOL_SERVER_CONNECTIONS: [connection] }, admin.token);
  }

  /** What this person can choose from. */
  async toolServers({ token }: Member): Promise<readonly string[]> {
    return (await this.#ask<readonly { readonly id: string }[]>('/api/v1/tools/', undefined, token)).map(
      ({ id }) => id,
    );
  }

  /** A message to the model, which calls this tool; resolves with what the model reads of it. */
  async chat({ token }: Member, server: string, tool: string, args: Json): Promise<string> {
    const read = this.#model.nextCall(tool, args);
    const message = {
      model: MODEL,
      stream: true,
      messages: [{ role: 'user', content: 'Go on.' }],
      tool_ids: [`server:${server}`],
      // As of a page, so that the backend runs the tools itself; a temporary chat, which is not saved.
      chat_id: `local:${randomUUID()}`,
      id: randomUUID(),
      session_id: randomUUID(),
    };
    await this.#ask('/api/chat/completions', message, token);
    return Promise.race([read, this.#running.failed(TURN_MS)]);
  }

  async stop(): Promise<void> {
    await this.#running.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#model.close();
  }

  #isUp(): Promise<boolean> {
    return fetch(`${this.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #credentials(name: string): { readonly email: string; readonly password: string } {
    return { email: `${name}@example.org`, password: this.#passwords.get(name) ?? `${name}-Passw0rd` };
  }

  /** One request of a page; without a body: a GET. */
  async #ask<T>(path: string, body?: Json, token?: string): Promise<T> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const headers = { 'content-type': 'application/json', ...authorization };
    const response = await fetch(`${this.url}${path}`, { ...sent, headers });
    const text = await response.text();
    assert.ok(response.ok, `${path} answers ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }
}
