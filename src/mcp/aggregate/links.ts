/** The members that one caller uses: opened on first need, closed when they have left the configuration. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import type { ListSpec } from './lists.ts';
import type { Member, Members } from './members.ts';

/** One member in use. */
export interface Link {
  readonly name: string;
  readonly member: Member;
  /** The configuration has the member like this now. */
  become(member: Member): void;
  /** Whether the server says that it has such lists; opens it, where that must be asked. Rejects where that fails. */
  offers(spec: ListSpec, headers: readonly string[] | undefined): Promise<boolean>;
  /** As of a peer; opens it if need be. */
  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange;
  /** The member has left the configuration. */
  leave(): void;
  close(): Promise<void>;
}

export class Links<L extends Link> {
  readonly #members: Members;
  readonly #make: (member: Member) => L;
  readonly #links = new Map<string, L>();
  #isClosed = false;

  constructor(members: Members, make: (member: Member) => L) {
    this.#members = members;
    this.#make = make;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Of all members, in the order of the configuration; none is opened by that. None once closed. */
  all(): readonly L[] {
    if (this.#isClosed) return [];
    const members = this.#members();
    const names = new Set(members.map(({ name }) => name));
    for (const [name, link] of this.#links) if (!names.has(name)) this.#drop(link);
    return members.map((member) => this.#of(member));
  }

  /** Those that have been asked for something. */
  used(): Iterable<L> {
    return this.#links.values();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.allSettled(links.map((link) => link.close()));
  }

  #of(member: Member): L {
    const known = this.#links.get(member.name);
    if (known !== undefined) {
      known.become(member);
      return known;
    }
    const link = this.#make(member);
    this.#links.set(member.name, link);
    return link;
  }

  #drop(link: L): void {
    this.#links.delete(link.name);
    link.leave();
  }
}
