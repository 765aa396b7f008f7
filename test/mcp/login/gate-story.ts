/** A caller at a login gate, in front of a real server behind a real provider. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Principal } from '../../../src/identity/principal.ts';
import { openWebuiPrincipal } from '../../../src/identity/principal.ts';
import { LoginGate } from '../../../src/mcp/login/gate.ts';
import { KnownServer } from '../../../src/mcp/login/known-server.ts';
import { LoginStates } from '../../../src/mcp/login/login-state.ts';
import type { ToolFilter } from '../../../src/mcp/wrappers/filter.ts';
import { filtered } from '../../../src/mcp/wrappers/filter.ts';
import { LastingPeer } from '../../../src/mcp/wrappers/lasting-peer.ts';
import { openStore } from '../../../src/storage/store.ts';
import {
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
} from '../../../src/upstream/peer/message.ts';
import { ModernHttpPeer } from '../../../src/upstream/peer/modern-http-peer.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import type { Exchange, Peer, PeerEvents } from '../../../src/upstream/peer/peer.ts';
import type { Server } from '../../../src/upstream/server.ts';
import type { RunningApp } from '../../helpers/app.ts';
import type { SignIn } from '../../helpers/authorization-server.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { codePageAfter } from '../../http/hand-off-story.ts';
import { Person } from '../../http/login-story.ts';

/** What callers of one server share. */
export class Gates {
  readonly app: RunningApp;
  readonly known: KnownServer;
  readonly states: LoginStates;
  readonly #name: string;
  readonly #log = new MemoryLog();

  constructor(app: RunningApp, name = 'notes') {
    this.app = app;
    this.#name = name;
    this.known = new KnownServer(this.server);
    this.states = new LoginStates(openStore('memory'), this.#log);
  }

  get server(): Server {
    const server = this.app.gateway.servers.get(this.#name);
    assert.ok(server);
    return server;
  }

  open(t: TestContext, setup: Partial<CallerSetup> = {}): GatedCaller {
    const caller = new GatedCaller(this, {
      era: 'legacy',
      principal: openWebuiPrincipal('ann-0001', 'Ann'),
      hasBrowser: false,
      filter: { disabledTools: [] },
      ...setup,
    });
    t.after(() => caller.gate.close());
    return caller;
  }

  /** The way to the server, as `setup` has it; `onLasting` gets the peer that has to be told of logins. */
  inner(
    { era, principal, filter }: CallerSetup,
    onLasting: (peer: LastingPeer) => void,
  ): ((events: PeerEvents) => Peer) | undefined {
    const { gateway } = this.app;
    const { guarded, config } = this.server;
    const owner = gateway.ownerOf(this.server, principal);
    const { endpoint } = config;
    if (owner === undefined || guarded === undefined || endpoint.kind === 'stdio') return undefined;
    const credential = gateway.logins.connection(guarded, owner);
    return (events) => {
      if (era === 'modern') {
        const modern = new ModernHttpPeer({ ...endpoint, kind: 'http' }, events, this.#log, credential);
        return filtered(modern, () => filter);
      }
      const open = (heard: PeerEvents): Peer => openLegacyPeer(endpoint, heard, this.#log, credential);
      const lasting = new LastingPeer((initialize, heard) => opened(open(heard), initialize), events);
      onLasting(lasting);
      return filtered(lasting, () => filter);
    };
  }

  gate(setup: CallerSetup, events: PeerEvents, onLasting: (peer: LastingPeer) => void): LoginGate {
    const { principal, hasBrowser, era } = setup;
    const { app, server, known, states } = this;
    const caller = { principal, hasBrowser };
    const inner = this.inner(setup, onLasting);
    const log = this.#log;
    return new LoginGate(
      { gateway: app.gateway, server, caller, known, states, howToName: 'Say who.', log, era, inner },
      events,
    );
  }
}

function opened(peer: Peer, initialize: Message): Promise<{ readonly peer: Peer; readonly answer: Message }> {
  return new Promise((resolve, reject) => {
    peer.request(initialize, {
      onMessage: () => undefined,
      onAnswer: (answer) => resolve({ peer, answer }),
      onFailure: reject,
    });
  });
}

export interface CallerSetup {
  readonly era: Peer['era'];
  readonly principal: Principal;
  readonly hasBrowser: boolean;
  readonly filter: ToolFilter;
}

export class GatedCaller {
  readonly gate: LoginGate;
  /** What came without being asked for. */
  readonly heard: Message[] = [];
  readonly #gates: Gates;
  #lasting: LastingPeer | undefined;
  #ids = 0;

  constructor(gates: Gates, setup: CallerSetup) {
    this.#gates = gates;
    const onMessage = (message: Message): void => void this.heard.push(message);
    this.gate = gates.gate(setup, { onMessage, onClosed: () => undefined }, (lasting) => {
      this.#lasting = lasting;
    });
  }

  /** The answer; rejects with what `onFailure` was told. */
  ask(method: string, params: JsonObject = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      let isHere = false;
      this.send(method, params, (answer, error) => {
        assert.ok(isHere, 'answered before the request had returned');
        if (answer === undefined) reject(error);
        else resolve(answer);
      });
      isHere = true;
    });
  }

  /** `heard`: what came with this very request. */
  send(
    method: string,
    params: JsonObject,
    done: (answer: Message | undefined, error?: unknown) => void,
    heard: Message[] = [],
  ): Exchange {
    this.#ids += 1;
    return this.gate.request(requestMessage(this.#ids, method, params), {
      onMessage: (message) => void heard.push(message),
      onAnswer: (answer) => done(answer),
      onFailure: (error) => done(undefined, error),
    });
  }

  async initialize(capabilities: JsonObject = {}, protocolVersion = '2025-11-25'): Promise<JsonObject> {
    const answer = await this.ask('initialize', {
      protocolVersion,
      capabilities,
      clientInfo: { name: 't', version: '1' },
    });
    this.gate.send(notificationMessage('notifications/initialized'));
    assert.ok(answer.result, answer.text);
    return answer.result as JsonObject;
  }

  call(name: string, args: JsonObject = {}, more: JsonObject = {}): Promise<Message> {
    return this.ask('tools/call', { name, arguments: args, ...more });
  }

  async list(params: JsonObject = {}): Promise<{ readonly tools: readonly JsonObject[] }> {
    const { result, text } = await this.ask('tools/list', params);
    assert.ok(Array.isArray(result?.tools), text);
    return { ...result, tools: result.tools };
  }

  async tools(params: JsonObject = {}): Promise<unknown[]> {
    return (await this.list(params)).tools.map(({ name }) => name);
  }

  /** What the gateway does when a login was made or has ended. */
  loginChanged(): void {
    this.#lasting?.renew();
    this.gate.connected();
  }

  /** Signs in at the provider by the link in `text`, and brings the code. */
  async connect(text: string, at: SignIn = {}): Promise<Message> {
    const { code } = await codePageAfter(new Person(this.#gates.app), linkOf(text), at);
    const answer = await this.call('connect_notes', { code });
    this.loginChanged();
    return answer;
  }
}

export function linkOf(text: string): string {
  const link = /http:\/\/\S+?\?ticket=[\w-]{43}/.exec(text)?.[0];
  assert.ok(link, text);
  return link;
}

/** The text of a tool's answer, and whether it says that something went wrong. */
export function told({ result, text }: Message): readonly [string, boolean] {
  const content = result?.content as { readonly text: string }[] | undefined;
  assert.equal(content?.length, 1, text);
  return [String(content?.[0]?.text), result?.isError === true];
}

/** What a -32042 asks to open. */
export function elicitationOf({ error, text }: Message): Readonly<Record<string, unknown>> {
  assert.equal(error?.code, -32042, text);
  const { elicitations } = error.data as { readonly elicitations: readonly Record<string, unknown>[] };
  assert.equal(elicitations.length, 1);
  return elicitations[0] ?? {};
}
