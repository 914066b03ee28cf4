import type { Payload, Reply } from '../protocol/commands.ts';
import type { Message } from '../protocol/objects.ts';
import { type Askable, Asker } from './asker.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Followed } from './follower.ts';
import { Listeners } from './listeners.ts';
import { type Kept, Outbox, type Store } from './outbox.ts';
import type { MessageStream } from './message-stream.ts';
import type { PayloadOf, ReplyOf } from './pending-commands.ts';
import type { Positions } from './positions.ts';
import { Refused } from './refused.ts';
import type { RoomEvent, RoomEvents } from './room-events.ts';
import { RoomModel } from './room-model.ts';
import { Sender } from './sender.ts';
import type { RoomState } from './state.ts';
import type { Status } from './status.ts';

export interface RoomOptions extends ConnectionOptions {
  roomId: string;
  /** Newest messages to load when the room is first joined. */
  history: number;
  /** Where what is unsent survives a reload. */
  storage?: Store | undefined;
  /** Where in the storage. */
  storageKey: string;
  positions?: Positions | undefined;
  /** A guest was given this to be the same guest again. */
  onGuestToken: (guestToken: string) => void;
}

/** Messages in a page of older ones. */
const OLDER_PAGE = 50;

const followed: Followed<Reply<'joinRoom'>, 'getMissed'> = {
  opening: 'joined',
  page: 'getMissed',
  payload: (after) => ({ after }),
  isPartial: ({ complete }) => complete === false,
};

/** How the parts of a `Room` work together. */
export class RoomSession {
  readonly connection: Connection;
  readonly sender: Sender;
  readonly listeners = new Listeners<RoomEvents>();
  /** The state of a room that was never joined. */
  readonly firstState: RoomState;
  readonly #options: RoomOptions;
  readonly #outbox: Outbox;
  readonly #asker: Asker;
  readonly #environment: Environment;
  readonly #streams = new Set<MessageStream>();
  readonly #model: RoomModel;
  #state: RoomState | undefined;
  #older: Promise<void> | undefined;
  /** When the room was last told that this user is typing. */
  #typingAt = -Infinity;

  constructor(options: RoomOptions, environment: Environment) {
    const { timing, storage, storageKey } = options;
    this.#options = options;
    this.#environment = environment;
    const loadPosition = () => this.#loadPosition();
    this.connection = new Connection(followed, { ...options, loadPosition }, environment, {
      status: (status) => this.#statusChanged(status),
      joined: (reply) => this.#joined(reply),
      missed: (page) => this.#model.missed(page),
      event: (name, payload) => this.#event({ name, payload } as RoomEvent),
      framed: () => this.changed(),
      renewed: () => this.#model.refresh(),
    });
    this.#outbox = new Outbox(storage, storageKey);
    this.#asker = new Asker(this.connection);
    const parts = {
      environment,
      timing,
      connection: this.connection,
      listeners: this.listeners,
      outbox: this.#outbox,
      asker: this.#asker,
      stored: (message: Message) => this.sender.stored(message),
      changed: () => this.changed(),
    };
    this.#model = new RoomModel(parts);
    this.sender = new Sender(parts, this.#model);
    // What is unsent is in one browser's storage, which a server that renders does not have.
    this.firstState = this.#makeState([]);
  }

  /** The same object until something changes. */
  get state(): RoomState {
    this.#state ??= this.#makeState(this.#outbox.entries);
    return this.#state;
  }

  leave(): void {
    this.connection.stop();
    this.listeners.endStreams();
  }

  markRead(readUpTo: number): void {
    this.#model.markRead(readUpTo);
    this.changed();
  }

  /** Sends the room that this user is typing, as often as it helps. */
  typing(isTyping: boolean): void {
    const { typingEveryMs, typingLapsesMs } = this.#options.timing;
    const now = this.#environment.now();
    const since = now - this.#typingAt;
    if (isTyping ? since < typingEveryMs : since >= typingLapsesMs) return;
    if (!this.connection.isOpen) return;
    if (isTyping) this.#typingAt = now;
    this.connection.ask('typing', { isTyping }, () => undefined);
  }

  trim(count: number): void {
    // While pages are on their way the newest here need not be the newest there are.
    if (!this.connection.isCatchingUp) this.#model.timeline.trim(count);
    this.changed();
  }

  /** Loads a page of older messages; one at a time. */
  loadOlder(limit = OLDER_PAGE): Promise<void> {
    this.#older ??= this.#loadOlder(limit).finally(() => {
      this.#older = undefined;
    });
    return this.#older;
  }

  /** @param take is given the reply in the room's order, before the events after it */
  ask<N extends Askable>(
    name: N,
    payload: PayloadOf<N>,
    take?: (reply: ReplyOf<N>) => void,
  ): Promise<ReplyOf<N>> {
    return this.#asker.ask(name, payload, (reply) => {
      this.#model.learn(reply);
      take?.(reply);
    });
  }

  keep(kept: Kept): Promise<Message> {
    const changed = 'seq' in kept.payload ? kept.payload.seq : undefined;
    const was = this.state.messages.find(({ seq }) => seq === changed)?.message;
    const stored = this.sender.add(kept, was);
    this.changed();
    return stored;
  }

  /** Loads what streams need when one begins: most clients never send any. */
  async stream(begin: Payload<'message'>): Promise<MessageStream> {
    const { MessageStream } = await import('./message-stream.ts');
    const { roomId } = this.#options;
    const stream = new MessageStream(begin, {
      asker: this.#asker,
      environment: this.#environment,
      stored: (message) => this.#model.stored(message),
      appended: (payload) =>
        this.#event({ name: 'messageAppended', payload: { ...payload, roomId } }),
      find: (seq) => this.#model.timeline.find(seq),
      refused: (problem) => new Refused(problem),
      ended: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    stream.go();
    return stream;
  }

  /** Loads what keeps positions when there are any to keep: only programs do. */
  async #loadPosition(): Promise<string | undefined> {
    const { positions, roomId } = this.#options;
    if (positions === undefined) return undefined;
    const { PositionKeeper } = await import('./positions.ts');
    this.#model.positions ??= new PositionKeeper(positions, roomId, this.listeners);
    return this.#model.positions.load();
  }

  #event(event: RoomEvent): void {
    const { name, payload } = event;
    if (name === 'stopRequested') {
      for (const stream of this.#streams) if (stream.seq === payload.seq) stream.stopRequested();
    }
    this.#model.event(event);
  }

  /** Of a message as it is known here. */
  revOf(seq: number): number | undefined {
    return this.#model.timeline.find(seq)?.rev;
  }

  #statusChanged(status: Status): void {
    const { over } = this.connection;
    if (over !== undefined) {
      this.#go();
      for (const stream of this.#streams) stream.fail(over);
      this.#model.left();
    }
    this.listeners.tell('status', status);
    this.changed();
  }

  /**
   * Sends what waits. Where the room was left or has ended, rejects what waits for an answer instead;
   * unsent messages stay.
   */
  #go(): void {
    this.sender.go();
    this.#asker.go();
    this.#model.sendMark();
  }

  #joined(reply: Reply<'joinRoom'>): void {
    const { you } = reply;
    if (you.guestToken !== undefined) this.#options.onGuestToken(you.guestToken);
    this.sender.joined(you.userId);
    this.#model.joined(reply);
    this.#go();
    if (this.#model.timeline.list.length === 0 && this.#options.history > 0) {
      void this.loadOlder().catch(() => undefined);
    }
  }

  async #loadOlder(limit: number): Promise<void> {
    const { timeline } = this.#model;
    const { from, hasOlder } = timeline;
    if (!hasOlder) return;
    const page = { limit, before: from < Infinity ? from : undefined };
    await this.ask('getHistory', page, ({ messages, hasMore }) => {
      // Where the list was replaced since, the page does not reach up to it.
      if (from !== timeline.from) return;
      const [first] = messages;
      timeline.addOlder(messages, hasMore && first !== undefined ? first.seq : 0);
    });
  }

  changed(): void {
    this.#state = undefined;
    this.listeners.tell('change', this.state);
  }

  #makeState(entries: Outbox['entries']): RoomState {
    const { status, isCatchingUp } = this.connection;
    return { roomId: this.#options.roomId, status, isCatchingUp, ...this.#model.known(entries) };
  }
}
