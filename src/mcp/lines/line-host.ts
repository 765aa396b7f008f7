/** What the ways from callers to servers need of the house. */
import type { Gateway } from '../../gateway.ts';
import type { Log } from '../../log-sink.ts';
import type { ChildSlots } from '../../upstream/child-slots.ts';
import type { Server } from '../../upstream/server.ts';
import type { KnownServer } from '../login/known-server.ts';
import type { LoginStates } from '../login/login-state.ts';
import type { CallListener } from '../wrappers/deadline.ts';
import type { Transports } from './transports.ts';

export interface LineHost {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly transports: Transports;
  readonly children: ChildSlots;
  readonly states: LoginStates;
  /** How callers can say who they are: a sentence, or nothing. */
  readonly howToName: string;
  /** Told of each tool call at the server of that name. */
  onCall(server: string, ...call: Parameters<CallListener>): void;
  /** What is remembered of a server for callers without a connection. */
  known(server: Server): KnownServer;
}
