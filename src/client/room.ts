import type { Payload, Reply } from '../protocol/commands.ts';
import type {
  CommandsOf,
  KindsOf,
  MessageOf,
  CommandReply,
  CommandPayload,
  SignalsOf,
} from '../protocol/app.ts';
import type { Message } from '../protocol/objects.ts';
import { type Askable, Asker } from './asker.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Followed } from './follower.ts';
import { Listeners } from './listeners.ts';
import type { MessageStream } from './message-stream.ts';
import { type Entry, type Kept, type KeptPayload, Outbox, type Store } from './outbox.ts';
import type { PayloadOf, ReplyOf } from './pending-commands.ts';
import type { Positions } from './positions.ts';
import { Refused } from './refused.ts';
import { type AppRoomEvents, type RoomEvent, type RoomEvents } from './room-events.ts';
import { RoomModel } from './room-model.ts';
import { Sender } from './sender.ts';
import type { Outgoing, RoomState } from './state.ts';
import type { Status } from './status.ts';

/** The options of a message: `kind` and `data` where the application declares kinds. */
export type MessageOptions<A extends object = object> = Pick<
  Payload<'message'>,
  'id' | 'replyTo' | 'mentions' | 'meta' | 'files'
> &
  ({ kind?: undefined; data?: undefined } | OfKind<A>);

type OfKind<A> = { [N in keyof KindsOf<A>]: { kind: N; data: KindsOf<A>[N] } }[keyof KindsOf<A>];

/** What an edit may change beside the text. */
export type EditOptions = Pick<Payload<'editMessage'>, 'mentions' | 'meta' | 'data'>;

export interface RoomOptions extends ConnectionOptions {
  roomId: string;
  /** Newest messages to load when the room is first joined. */
  history: number;
  /** Whether to receive no names, typing, read positions and signals of others. */
  quiet: boolean;
  /** The storage in which unsent commands survive a reload. */
  storage?: Store | undefined;
  /** The key in the storage. */
  storageKey: string;
  positions?: Positions | undefined;
  /** Called with a new guest token, by which a guest stays the same guest. */
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

/**
 * One room: its state, and the commands for it. It reconnects by itself, and keeps commands until the
 * room has stored or refused them.
 */
export class Room<A extends object = object> {
  /** @example console.log(room.roomId); */
  readonly roomId: string;
  readonly #connection: Connection;
  readonly #sender: Sender;
  readonly #listeners = new Listeners<RoomEvents>();
  /** The state of a room that was never joined. */
  readonly #firstState: RoomState;
  readonly #options: RoomOptions;
  readonly #outbox: Outbox;
  readonly #asker: Asker;
  readonly #environment: Environment;
  readonly #streams = new Set<MessageStream>();
  readonly #model: RoomModel;
  #state: RoomState | undefined;
  #older: Promise<void> | undefined;
  /** When a typing notice was last sent, in epoch milliseconds. */
  #typingAt = -Infinity;

  constructor(options: RoomOptions, environment: Environment) {
    const { storage, storageKey } = options;
    this.roomId = options.roomId;
    this.#options = options;
    this.#environment = environment;
    const loadPosition = () => this.#loadPosition();
    this.#connection = new Connection(followed, { ...options, loadPosition }, environment, {
      status: (status) => this.#statusChanged(status),
      joined: (reply) => this.#joined(reply),
      missed: (page) => this.#model.missed(page),
      event: (name, payload) => this.#model.event({ name, payload } as RoomEvent),
      framed: () => this.#changed(),
      renewed: () => this.#model.refresh(),
    });
    this.#outbox = new Outbox(storage, storageKey);
    this.#asker = new Asker(this.#connection);
    const parts = {
      ...options,
      environment,
      connection: this.#connection,
      listeners: this.#listeners,
      outbox: this.#outbox,
      asker: this.#asker,
      stored: (message: Message) => this.#sender.stored(message),
      changed: () => this.#changed(),
    };
    this.#model = new RoomModel(parts);
    this.#sender = new Sender(parts, this.#model);
    // Without unsent messages: they are in a browser's storage, which a rendering server does not have.
    this.#firstState = this.#makeState([]);
  }

  /**
   * Joins the room, also after `leave` or an end, which `state.status` shows. If the connection is
   * lost, reconnects at once.
   * @example if (room.state.status.name === 'ended') room.join();
   */
  join(): void {
    this.#connection.start();
  }

  /**
   * Leaves the room at once, until `join`. Unsent messages stay, also in the storage.
   * @example room.leave();
   */
  leave(): void {
    this.#connection.stop();
    this.#listeners.endStreams();
  }

  /**
   * The room as this client knows it; the same object until something changes.
   * @example for (const { sender, message } of room.state.messages) console.log(sender, message);
   */
  get state(): RoomState<A> {
    return (this.#state ??= this.#makeState(this.#outbox.entries));
  }

  /**
   * For libraries that read the state after each change, such as React.
   * @returns unsubscribes
   * @example const stop = room.subscribe(() => console.log(room.getState().unread));
   */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);
  /**
   * `state`, as a function that can be passed on.
   * @example const { online } = room.getState();
   */
  readonly getState = (): RoomState<A> => this.state;
  /**
   * The state of every room that was never joined: what a server renders, always the same object.
   * @example const isFirst = room.getState() === room.getFirstState();
   */
  readonly getFirstState = (): RoomState<A> => this.#firstState;

  /**
   * Calls a listener for every event of this name. With `positions`, an event counts as handled only
   * when the promise that a listener returns has resolved.
   * @returns removes the listener
   * @example room.on('userJoined', ({ username }) => console.log(`${username} is here.`));
   */
  on<N extends keyof AppRoomEvents<A>>(
    name: N,
    listener: (payload: AppRoomEvents<A>[N]) => unknown,
  ): () => void {
    return this.#listeners.on(name as keyof RoomEvents, listener as (payload: unknown) => unknown);
  }

  /**
   * Every event from now on, until the room is left.
   * @example for await (const { name, payload } of room.events()) console.log(name, payload);
   */
  events(): AsyncIterableIterator<RoomEvent> {
    return this.#listeners.stream((name, payload) => ({ name, payload }) as RoomEvent);
  }

  /**
   * Every new message from now on, until the room is left; this user's own included.
   * @example for await (const { message } of room.messages()) console.log(message);
   */
  messages(): AsyncIterableIterator<MessageOf<A>> {
    return this.#listeners.stream((name, payload) =>
      name === 'message' ? (payload as MessageOf<A>) : undefined,
    );
  }

  /**
   * Sends a message. It is kept and sent again until the room has stored it; `state.outgoing` shows
   * it until then.
   * @returns resolves with the stored message
   * @throws Refused when the room refuses it, or has ended; the promise need not be awaited
   * @example const { seq } = await room.send('hello, Bob', { mentions: ['bob'] });
   */
  send(message: string, options: MessageOptions<A> = {}): Promise<Message> {
    // The room itself ends this user's typing with the message.
    return this.#keep('message', this.#payload(message, options));
  }

  /**
   * Sends a message whose text is still being produced. Resolves once the room has it.
   * @param message the beginning of its text
   * @throws Refused when the room refuses it
   * @example const stream = await room.stream(); stream.append('Hello'); await stream.done();
   */
  async stream(message = '', options: MessageOptions<A> = {}): Promise<MessageStream> {
    const begin = { ...this.#payload(message, options), streaming: true } as const;
    // Loaded with the first stream: most clients never send any.
    const { MessageStream } = await import('./message-stream.ts');
    const stream = new MessageStream(begin, {
      asker: this.#asker,
      environment: this.#environment,
      listeners: this.#listeners,
      model: this.#model,
      roomId: this.roomId,
      refused: (problem) => new Refused(problem),
      ended: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    stream.send();
    await stream.begun;
    return stream;
  }

  #payload(message: string, { id, ...options }: MessageOptions<A>): Outgoing['payload'] {
    return { ...options, message, id: id ?? this.#environment.makeId() } as Outgoing['payload'];
  }

  /**
   * Changes a message of this user. Mentions and `meta` stay unless they are given; `[]` and `{}`
   * remove them.
   * @throws Refused `conflict` when the message has changed since
   * @example await room.edit(12, 'hello, dear Bob');
   */
  edit(seq: number, message: string, options: EditOptions = {}): Promise<Message> {
    const payload = { ...options, seq, message, ifRev: this.#revOf(seq) };
    return this.#keep('editMessage', payload);
  }

  /**
   * Deletes a message of this user, or as a moderator of any user.
   * @throws Refused as `edit` does
   * @example await room.delete(12, 'off topic');
   */
  delete(seq: number, note?: string): Promise<Message> {
    const payload = { seq, note, ifRev: this.#revOf(seq) };
    return this.#keep('deleteMessage', payload);
  }

  /** @example await room.addReaction(12, '👍'); */
  addReaction(seq: number, emoji: string): Promise<Message> {
    return this.#keep('addReaction', { seq, emoji });
  }

  /** @example await room.removeReaction(12, '👍'); */
  removeReaction(seq: number, emoji: string): Promise<Message> {
    return this.#keep('removeReaction', { seq, emoji });
  }

  /**
   * Sends a refused entry again.
   * @param id that of an entry in `state.outgoing`
   * @example for (const { id, state } of room.state.outgoing) if (state === 'failed') room.retry(id);
   */
  retry(id: string): void {
    this.#sender.retry(id);
    this.#changed();
  }

  /**
   * Discards an entry that is not stored.
   * @example for (const { id } of room.state.failedChanges) room.discard(id);
   */
  discard(id: string): void {
    this.#sender.discard(id);
    this.#changed();
  }

  /**
   * This user has read up to here. The first call also puts a new user on the room's list, from which
   * on the room counts their unread messages.
   * @param readUpTo a `seq`; by default the newest
   * @example room.markRead();
   */
  markRead(readUpTo = this.state.messages.at(-1)?.seq ?? 0): void {
    this.#model.markRead(readUpTo);
    this.#changed();
  }

  /**
   * This user is typing. May be called at every keystroke; it is sent only as often as needed.
   * @example room.typing();
   */
  typing(isTyping = true): void {
    const { typingEveryMs, typingLapsesMs } = this.#options.timing;
    const now = this.#environment.now();
    const since = now - this.#typingAt;
    if (isTyping ? since < typingEveryMs : since >= typingLapsesMs) return;
    if (!this.#connection.isOpen) return;
    if (isTyping) this.#typingAt = now;
    this.#connection.ask('typing', { isTyping });
  }

  /**
   * Sends a signal of the application to the users who are online: one that `src/app.ts` declares, or
   * any where the service has `SIGNALS=open`. It is not stored and not sent again; of several only the
   * newest may arrive.
   * @example connect<{ cursor: { x: number } }>({ url }).room('general').signal('cursor', { x: 1 });
   */
  signal<N extends keyof SignalsOf<A> & string>(name: N, payload: SignalsOf<A>[N]): void {
    this.#connection.ask(name as 'typing', payload as object);
  }

  /**
   * Sends a command of the application's own, as soon as the room can be reached. It is not sent again
   * when the connection is lost.
   * @throws Refused
   * @example const { votes } = await pollRoom.command('vote', { seq: 3, option: 0 });
   */
  command<N extends keyof CommandsOf<A> & string>(
    name: N,
    payload: CommandPayload<A, N>,
  ): Promise<CommandReply<A, N>> {
    const asked = this.#ask(name as unknown as 'getMembers', payload as object);
    return asked as unknown as Promise<CommandReply<A, N>>;
  }

  /**
   * Loads a page of older messages into the state; 50 unless given. @throws Refused
   * @example if (room.state.hasOlder) await room.loadOlder();
   */
  loadOlder(limit = OLDER_PAGE): Promise<void> {
    return (this.#older ??= this.#loadOlder(limit).finally(() => {
      this.#older = undefined;
    }));
  }

  /**
   * Drops all but the newest `count` messages from the state; `loadOlder` loads them again.
   * @example room.trim(200);
   */
  trim(count: number): void {
    // While pages of missed messages arrive, the newest message here may not be the room's newest.
    if (!this.#connection.isCatchingUp) this.#model.timeline.trim(count);
    this.#changed();
  }

  /**
   * A page of the room's list, or of users who are online. `prefix` finds users while a name is being
   * typed: by the beginning of one of its words, or of the user id.
   * @throws Refused
   * @example const { members } = await room.members({ prefix: 'bo', limit: 5 });
   */
  members(query: Omit<Payload<'getMembers'>, 'roomId'>): Promise<Reply<'getMembers'>> {
    return this.#ask('getMembers', query);
  }

  /**
   * Pins a message, as a moderator, or in a direct room. `state.room.pins` lists the pinned messages.
   * @throws Refused `conflict` when the room has 50 pins
   * @example await room.pin(12);
   */
  pin(seq: number): Promise<Reply<'pinMessage'>> {
    return this.#ask('pinMessage', { seq });
  }

  /** @example await room.unpin(12); */
  unpin(seq: number): Promise<Reply<'unpinMessage'>> {
    return this.#ask('unpinMessage', { seq });
  }

  /**
   * The pinned messages, the one pinned last first.
   * @param after the last one of the previous page
   * @example const { messages } = await room.pins();
   */
  pins(after?: number): Promise<Reply<'getPins'>> {
    return this.#ask('getPins', { after });
  }

  /**
   * Sends any other command, as soon as the room can be reached. Commands that only read are sent again
   * when the connection is lost; others are not, because it is unknown whether they were done.
   * @throws Refused when the room refuses it, was left, or has ended
   * @example const { results } = await room.ask('searchMessages', { query: 'hello' });
   */
  ask<N extends Askable>(name: N, payload: Omit<Payload<N>, 'roomId'>): Promise<Reply<N>> {
    return this.#ask(name, payload as PayloadOf<N>) as Promise<Reply<N>>;
  }

  /** @param take called with the reply in the room's order, before later events */
  #ask<N extends Askable>(
    name: N,
    payload: PayloadOf<N>,
    take?: (reply: ReplyOf<N>) => void,
  ): Promise<ReplyOf<N>> {
    return this.#asker.ask(name, payload, (reply) => {
      this.#model.merge(reply);
      take?.(reply);
    });
  }

  #keep<N extends Kept['name']>(name: N, payload: KeptPayload<N>): Promise<Message> {
    const changed = 'seq' in payload ? payload.seq : undefined;
    const was = this.state.messages.find(({ seq }) => seq === changed)?.message;
    const stored = this.#sender.add({ name, payload } as Kept, was);
    this.#changed();
    return stored;
  }

  /** The `rev` of a message as it is known here. */
  #revOf(seq: number): number | undefined {
    return this.#model.timeline.find(seq)?.rev;
  }

  /** Loads the position, and the code for that only where positions are stored: only bots do so. */
  async #loadPosition(): Promise<string | undefined> {
    const { positions } = this.#options;
    if (positions === undefined) return undefined;
    const { PositionKeeper } = await import('./positions.ts');
    this.#model.positions ??= new PositionKeeper(positions, this.roomId, this.#listeners);
    return this.#model.positions.load();
  }

  #statusChanged(status: Status): void {
    const { over } = this.#connection;
    if (over !== undefined) {
      this.#go();
      for (const stream of this.#streams) stream.fail(over);
      this.#model.left();
    }
    this.#listeners.notify('status', status);
    this.#changed();
  }

  /**
   * Sends commands that wait. If the room was left or has ended, rejects those that wait for a reply
   * instead; unsent messages stay.
   */
  #go(): void {
    this.#sender.send();
    this.#asker.send();
    this.#model.send();
  }

  #joined(reply: Reply<'joinRoom'>): void {
    const { you } = reply;
    if (you.guestToken !== undefined) this.#options.onGuestToken(you.guestToken);
    this.#sender.joined(you.userId);
    this.#model.joined(reply);
    this.#go();
    if (this.#model.timeline.list.length === 0 && this.#options.history > 0) {
      void this.loadOlder().catch(() => undefined);
    }
  }

  async #loadOlder(limit: number): Promise<void> {
    const { timeline } = this.#model;
    const { from } = timeline;
    if (from === 0) return;
    const page = { limit, before: from < Infinity ? from : undefined };
    await this.#ask('getHistory', page, ({ messages, hasMore }) => {
      // If the list was replaced since, the page does not adjoin it.
      if (from !== timeline.from) return;
      const [first] = messages;
      timeline.addOlder(messages, hasMore && first !== undefined ? first.seq : 0);
    });
  }

  #changed(): void {
    this.#state = undefined;
    this.#listeners.notify('change', this.state);
  }

  #makeState(entries: readonly Entry[]): RoomState {
    const { status, isCatchingUp } = this.#connection;
    return { roomId: this.roomId, status, isCatchingUp, ...this.#model.state(entries) };
  }
}
