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
import { PositionKeeper, type Positions } from './positions.ts';
import { notConnected, Refused } from './refused.ts';
import type { RoomEvent, RoomEvents } from './room-events.ts';
import { RoomModel } from './room-model.ts';
import { Sender } from './sender.ts';
import type { RoomState } from './state.ts';
import type { Status } from './status.ts';
import { TypingNotice } from './typing-notice.ts';

export interface RoomOptions extends Omit<ConnectionOptions, 'positions'> {
  roomId: string;
  /** Newest messages to load when the room is first joined. */
  history: number;
  store: Store | undefined;
  /** Where in the store. */
  storeKey: string;
  positions?: Positions | undefined;
  /** A guest was given this to be the same guest again. */
  onGuestToken: (guestToken: string) => void;
}

/** Messages loaded into a list that is empty after joining. */
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
  readonly notice: TypingNotice;
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

  constructor(options: RoomOptions, environment: Environment) {
    const { roomId, timing, store, storeKey } = options;
    this.#options = options;
    this.#environment = environment;
    const positions =
      options.positions && new PositionKeeper(options.positions, roomId, this.listeners);
    this.connection = new Connection(followed, { ...options, positions }, environment, {
      status: (status) => this.#statusChanged(status),
      joined: (reply) => this.#joined(reply),
      missed: (page) => this.#model.missed(page),
      event: (name, payload) => this.#event({ name, payload } as RoomEvent),
      framed: () => this.changed(),
      renewed: () => this.#model.refresh(),
    });
    this.#outbox = new Outbox(store, storeKey);
    this.sender = new Sender({
      connection: this.connection,
      environment,
      outbox: this.#outbox,
      stored: (message, myReactions) => this.#model.stored(message, myReactions),
    });
    this.#asker = new Asker(this.connection);
    this.#model = new RoomModel({
      environment,
      connection: this.connection,
      asker: this.#asker,
      timing,
      listeners: this.listeners,
      positions,
      stands: (message) => this.sender.heard(message),
      changed: () => this.changed(),
    });
    this.notice = new TypingNotice(this.connection, environment, timing);
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
    this.#model.marker.mark(readUpTo);
    this.changed();
  }

  trim(count: number): void {
    // While pages are on their way the newest here need not be the newest there are.
    if (!this.connection.isCatchingUp) this.#model.timeline.trim(count);
    this.changed();
  }

  /** Loads a page of older messages; one at a time. */
  loadOlder(limit: number): Promise<void> {
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
    return new Promise((resolve, reject) => {
      this.#asker.ask(name, payload, (result) => {
        if (!result.ok) return reject(new Refused(result.error));
        this.#model.learn(result);
        take?.(result);
        resolve(result);
      });
      this.#rejectIfGone();
    });
  }

  keep(kept: Kept): Promise<Message> {
    const was =
      kept.name === 'message'
        ? undefined
        : this.state.messages.find(({ seq }) => seq === kept.payload.seq)?.message;
    const stored = this.sender.add(kept, was);
    this.#rejectIfGone();
    this.changed();
    return stored;
  }

  /** Loads what streams need when one begins: most clients never send any. */
  async stream(begin: Payload<'message'>): Promise<MessageStream> {
    const { MessageStream } = await import('./message-stream.ts');
    const { roomId } = this.#options;
    const stream = new MessageStream(begin, {
      connection: this.connection,
      environment: this.#environment,
      stored: (message) => this.#model.stored(message),
      appended: (payload) =>
        this.#event({ name: 'messageAppended', payload: { ...payload, roomId } }),
      find: (seq) => this.#model.timeline.find(seq),
    });
    this.#streams.add(stream);
    stream.go();
    this.#rejectIfGone();
    return stream;
  }

  #eachStream(work: (stream: MessageStream) => void): void {
    for (const stream of this.#streams) {
      work(stream);
      if (stream.isOver) this.#streams.delete(stream);
    }
  }

  #event(event: RoomEvent): void {
    const { name, payload } = event;
    if (name === 'stopRequested') {
      this.#eachStream((stream) => {
        if (stream.seq === payload.seq) stream.stopRequested();
      });
    }
    this.#model.event(event);
  }

  ifRev(seq: number): { ifRev?: number } {
    const known = this.#model.timeline.find(seq);
    return known === undefined ? {} : { ifRev: known.rev };
  }

  #statusChanged(status: Status): void {
    if (this.#rejectIfGone()) this.#model.left();
    this.listeners.tell('status', status);
    this.changed();
  }

  /**
   * Where the room was left or has ended, rejects commands that wait for an answer; unsent
   * messages stay. @returns whether it was
   */
  #rejectIfGone(): boolean {
    const { status } = this.connection;
    if (status.name !== 'ended' && status.name !== 'left') return false;
    const problem = status.name === 'ended' ? status.problem : notConnected;
    this.sender.ended(problem);
    this.#asker.ended(problem);
    this.#eachStream((stream) => stream.fail(problem));
    return true;
  }

  #joined(reply: Reply<'joinRoom'>): void {
    const { you } = reply;
    if (you.guestToken !== undefined) this.#options.onGuestToken(you.guestToken);
    this.sender.joined(you.userId);
    this.#model.joined(reply);
    this.sender.go();
    this.#asker.go();
    this.#eachStream((stream) => stream.go());
    this.#model.marker.go();
    if (this.#model.timeline.list.length === 0 && this.#options.history > 0) {
      void this.loadOlder(OLDER_PAGE).catch(() => undefined);
    }
  }

  async #loadOlder(limit: number): Promise<void> {
    const { timeline } = this.#model;
    const { from, hasOlder } = timeline;
    if (!hasOlder) return;
    const page = { limit, ...(from < Infinity && { before: from }) };
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
