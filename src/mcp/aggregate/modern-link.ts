/** A stateless server behind the endpoint over several. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import type { Link } from './links.ts';
import type { Member } from './members.ts';

export class ModernLink implements Link {
  #member: Member;
  #peer: Peer | undefined;

  constructor(member: Member) {
    this.#member = member;
  }

  get member(): Member {
    return this.#member;
  }

  get name(): string {
    return this.#member.name;
  }

  /** Nothing is declared in advance: a server that has no such list says so. */
  async offers(): Promise<boolean> {
    return true;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    this.#peer ??= this.#open();
    return this.#peer.request(message, replies, headers);
  }

  /** What is under way at another server under that name may end. */
  become(member: Member): void {
    if (member.hash !== this.#member.hash) this.#peer = undefined;
    this.#member = member;
  }

  leave(): void {
    this.#peer = undefined;
  }

  async close(): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    await peer?.close();
  }

  #open(): Peer {
    const peer = this.#member.open({
      // In this era all that a server says belongs to a request.
      onMessage: () => undefined,
      onClosed: () => {
        if (this.#peer === peer) this.#peer = undefined;
      },
    });
    return peer;
  }
}
