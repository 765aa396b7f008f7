/** The answers to one POST: plain JSON where the answer is all there is, an event stream where the server says more before. */
import type { Message } from '../../upstream/peer/message.ts';
import type { EventLog } from './event-log.ts';
import { MessageStream, type Outlet } from './message-stream.ts';

/** The connection of a POST: it may still become either. */
export interface ReplyOutlet extends Outlet {
  /** False where the client takes no event stream. */
  readonly canStream: boolean;
  /** Told of each answer, however it is sent. */
  answered?(message: Message): void;
  /** Answers with these alone; called at most once, and nothing else after it. */
  answer(messages: readonly Message[]): void;
}

export class ReplyStream {
  readonly #stream: MessageStream;
  readonly #isBatch: boolean;
  /** Set until it is decided what the answer becomes. */
  #undecided: ReplyOutlet | undefined;
  #waiting: number;
  /** What a client that takes no events gets in the end. */
  readonly #answers: Message[] = [];
  readonly #takesEvents: boolean;
  readonly #answered: ((message: Message) => void) | undefined;
  readonly since = Date.now();
  #wasStreamed = false;

  /** `requests`: how many answers will come. */
  constructor(number: number, log: EventLog, outlet: ReplyOutlet, requests: number) {
    this.#stream = new MessageStream(number, log);
    this.#undecided = outlet;
    this.#takesEvents = outlet.canStream;
    this.#answered = outlet.answered?.bind(outlet);
    this.#waiting = requests;
    this.#isBatch = requests > 1;
  }

  get stream(): MessageStream {
    return this.#stream;
  }

  /** True where what is pushed now reaches the client. */
  get isHeard(): boolean {
    return this.#takesEvents && (this.#undecided !== undefined || this.#stream.isOpen);
  }

  /** True where it became an event stream, which a client may ask for again. */
  get wasStreamed(): boolean {
    return this.#wasStreamed;
  }

  get isUndecided(): boolean {
    return this.#undecided !== undefined;
  }

  /** Something before the answer. Who takes no events does without. */
  push(message: Message): void {
    if (!this.#takesEvents) return;
    this.begin(false);
    this.#stream.push(message);
  }

  /** The answer to one of the requests. */
  answer(message: Message): void {
    this.#waiting -= 1;
    this.#answered?.(message);
    if (!this.#takesEvents || (this.#undecided !== undefined && !this.#isBatch)) {
      // For nobody nothing is kept.
      if (this.#undecided !== undefined) this.#answers.push(message);
      if (this.#waiting === 0) this.#answerAll();
      return;
    }
    this.begin(false);
    this.#stream.push(message);
    if (this.#waiting === 0) this.#stream.finish();
  }

  /** One of the requests will have no answer: the client has cancelled it. */
  giveUp(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    if (!this.#takesEvents) {
      this.#answerAll();
      return;
    }
    this.begin(false);
    this.#stream.finish();
  }

  /** Becomes an event stream; `primed`: with an event that the client can resume from, before there is a message. */
  begin(primed: boolean): void {
    const outlet = this.#undecided;
    if (outlet === undefined || !this.#takesEvents) return;
    this.#undecided = undefined;
    this.#wasStreamed = true;
    this.#stream.attach(outlet);
    this.#stream.touch(primed);
  }

  /** The client has gone. */
  detach(outlet: Outlet): void {
    if (this.#undecided === outlet) {
      this.#undecided = undefined;
      this.#answers.length = 0;
    } else this.#stream.detach(outlet);
  }

  #answerAll(): void {
    const outlet = this.#undecided;
    this.#undecided = undefined;
    outlet?.answer(this.#answers);
    this.#stream.finish();
  }
}
