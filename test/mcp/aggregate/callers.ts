/** Callers of an aggregate, in either era. */
import type { TestContext } from 'node:test';
import { Directory } from '../../../src/mcp/aggregate/directory.ts';
import { AggregateLegacyPeer } from '../../../src/mcp/aggregate/legacy.ts';
import type { Member } from '../../../src/mcp/aggregate/members.ts';
import { AggregateModernPeer } from '../../../src/mcp/aggregate/modern.ts';
import { Notices } from '../../../src/mcp/aggregate/notices.ts';
import type { JsonObject, Message } from '../../../src/upstream/peer/message.ts';
import { notificationMessage, requestMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { MODERN_META } from '../../../src/upstream/protocol.ts';
import { type Asked, AskedOk } from '../../helpers/asked.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { INITIALIZE } from '../../upstream/peer/peer-test.ts';
import type { ScriptedServer } from './scripted-server.ts';

/** Servers, or the members that they are. */
export type Servers = readonly (ScriptedServer | Member)[];

abstract class Caller<P extends Peer> {
  abstract readonly peer: P;
  readonly log = new MemoryLog();
  /** What came outside of requests. */
  readonly messages: Message[] = [];
  readonly members: Member[];
  #nextId = 1;

  constructor(servers: Servers) {
    this.members = servers.map((server) => ('member' in server ? server.member : server));
  }

  ask(method: string, params: JsonObject = {}): Asked {
    return this.pass(requestMessage(this.#nextId++, method, params));
  }

  pass(message: Message): Asked {
    return new AskedOk(this.peer, message);
  }

  async result(method: string, params: JsonObject = {}): Promise<JsonObject> {
    const { result, error } = await this.ask(method, params).answered();
    return result ?? { error };
  }

  /** The names, URIs or templates of a list. */
  async listed(method: string, params: JsonObject = {}): Promise<unknown[]> {
    const { tools, prompts, resources, resourceTemplates } = await this.result(method, params);
    const entries = (tools ?? prompts ?? resources ?? resourceTemplates) as JsonObject[];
    return entries.map(({ name, uri, uriTemplate }) => uriTemplate ?? uri ?? name);
  }

  /** What came by this method. */
  told(method: string): Message[] {
    return this.messages.filter((message) => message.method === method);
  }
}

export class LegacyCaller extends Caller<AggregateLegacyPeer> {
  readonly peer: AggregateLegacyPeer;

  constructor(t: TestContext, servers: Servers, notices?: Notices) {
    super(servers);
    const events = { onMessage: (message: Message) => void this.messages.push(message), onClosed: () => undefined };
    const options = { members: () => this.members, notices: notices ?? new Notices(this.log) };
    this.peer = new AggregateLegacyPeer(options, events);
    t.after(() => this.peer.close());
  }

  /** One that has shaken hands. */
  static async ready(t: TestContext, servers: Servers, params: JsonObject = INITIALIZE): Promise<LegacyCaller> {
    const caller = new LegacyCaller(t, servers);
    await caller.ask('initialize', params).answered();
    caller.peer.send(notificationMessage('notifications/initialized'));
    return caller;
  }
}

export class ModernCaller extends Caller<AggregateModernPeer> {
  readonly peer: AggregateModernPeer;

  constructor(t: TestContext, servers: Servers, directory = new Directory()) {
    super(servers);
    const notices = new Notices(this.log);
    this.peer = new AggregateModernPeer({ members: () => this.members, notices, directory });
    t.after(() => this.peer.close());
  }

  override ask(method: string, params: JsonObject = {}): Asked {
    return super.ask(method, { ...params, _meta: { ...MODERN_META, ...(params._meta as JsonObject | undefined) } });
  }
}
