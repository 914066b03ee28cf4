import { closeCodeOf } from '../protocol/codes/close-codes.ts';
import { internalProblem, type Problem, Refusal } from '../protocol/codes/errors.ts';
import { joinReplyIn } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { LinkListener, RoomDirectory, RoomLink } from '../host/room-directory.ts';
import { type Action, type Input, joining, next, type State } from './following.ts';
import { askAgain } from './reconnecting.ts';

/** Reads a room without joining it: no presence is shown, and no commands are sent. */
export interface Reader {
  directory: RoomDirectory;
  roomId: string;
  identity: Identity;
}

/** Events from a position on. */
export interface Subscription {
  /** @throws Refusal when the reader is refused */
  open(since: string | undefined): Promise<void>;
  close(): void;
}

/** A room or an inbox that an event stream or a poll reads. */
export interface Source {
  identity: Identity;
  /** Undefined for an inbox. */
  roomId?: string;
  subscribe(sink: SubscriptionSink): Subscription;
}

/** Where a subscription's events go. */
export interface SubscriptionSink {
  /**
   * Events in order, as lines.
   * @param position the room's position after the last durable one
   */
  lines(lines: readonly string[], position: string | undefined): void;
  /** Everything up to `position` has been delivered; live events follow. */
  caughtUp(position: string): void;
  /** The client's position is of another epoch of the room: what it holds is obsolete. */
  reset(position: string): void;
  /** Nothing more will be delivered. */
  ended(code: number, reason: string): void;
  /** Unsent bytes. */
  buffered(): number;
  /** Resolves when all bytes are sent, or the client is gone. */
  drained(): Promise<void>;
}

/** No live lines are held while pages are read: with a slow reader they would grow without limit. */
const MAX_HELD = 0;

/**
 * A room's events from a position on, for a reader without a socket. If the join reply cannot hold
 * everything that was missed, the link is closed, pages are fetched no faster than the client reads,
 * and then another link is made.
 */
export class RoomSubscription implements Subscription {
  readonly #reader: Reader;
  readonly #sink: SubscriptionSink;
  #state: State = joining(undefined);
  #link: RoomLink | undefined;
  /** Counts the links made, so that lines from an older one are ignored. */
  #generation = 0;

  constructor(reader: Reader, sink: SubscriptionSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  /**
   * @param since the position that the client sent; without it, only events from now on are delivered
   * @throws Refusal when the room refuses the reader
   */
  async open(since: string | undefined): Promise<void> {
    this.#state = joining(since);
    await this.#connect(since);
  }

  /** The client is gone; the sink receives nothing more. */
  close(): void {
    this.#state = { name: 'ended' };
    this.#disconnect();
  }

  async #connect(since: string | undefined): Promise<void> {
    const generation = ++this.#generation;
    const isCurrent = () => this.#generation === generation;
    const listener: LinkListener = {
      lines: (lines, position) => {
        if (isCurrent()) this.#receive(lines, position);
      },
      closed: (code, reason) => {
        if (isCurrent()) this.#step({ type: 'closed', code, reason });
      },
      buffered: () => this.#sink.buffered(),
    };
    const { directory, roomId, identity } = this.#reader;
    const join = since === undefined ? {} : { since };
    const link = await directory.connect(roomId, identity, join, listener, true);
    if (isCurrent()) this.#link = link;
    else link.close('left');
  }

  #disconnect(): void {
    this.#generation++;
    this.#link?.close('left');
    this.#link = undefined;
  }

  #receive(lines: readonly string[], position: string | undefined): void {
    const [first = ''] = lines;
    const isFirst = this.#state.name === 'joining';
    if (isFirst) this.#step({ type: 'joined', reply: joinReplyIn(first) });
    const events = isFirst ? lines.slice(1) : lines;
    if (events.length > 0) this.#step({ type: 'lines', lines: events, position });
  }

  #step(input: Input): void {
    const { state, actions } = next(this.#state, input, MAX_HELD);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'lines':
        this.#sink.lines(action.lines, action.position);
        break;
      case 'caughtUp':
        this.#sink.caughtUp(action.position);
        break;
      case 'reset':
        this.#sink.reset(action.position);
        break;
      case 'askPage':
        void this.#askPage(action.after);
        break;
      case 'connect':
        void this.#connect(action.since).catch((error: unknown) => {
          this.#fail(error instanceof Refusal ? error.problem : internalProblem);
        });
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'end':
        this.#sink.ended(action.code, action.reason);
    }
  }

  /** Never rejects. */
  async #askPage(after: string): Promise<void> {
    const isOver = () => this.#state.name === 'ended';
    await this.#sink.drained();
    if (isOver()) return;
    const { directory, roomId, identity } = this.#reader;
    const ask = () => directory.execute(roomId, identity, 'getMissed', { after });
    const result = await askAgain(ask, isOver);
    if (result.ok) this.#step({ type: 'page', reply: result });
    else this.#fail(result.error);
  }

  #fail({ code, message, retryAfterMs }: Problem): void {
    this.#step({ type: 'closed', code: closeCodeOf(code, retryAfterMs), reason: message });
  }
}
