import type { Payload, Reply } from '../protocol/commands.ts';
import type {
  CommandsOf,
  KindsOf,
  MessageOf,
  ReplyOf,
  TakenBy,
  SignalsOf,
} from '../protocol/app.ts';
import type { Message } from '../protocol/objects.ts';
import type { Askable } from './asker.ts';
import type { Environment } from './environment.ts';
import type { MessageStream } from './message-stream.ts';
import type { PayloadOf } from './pending-commands.ts';
import { type Heard, type RoomEvent, roomEvent, type RoomEvents } from './room-events.ts';
import { type RoomOptions, RoomSession } from './room-session.ts';
import type { Outgoing, RoomState } from './state.ts';

/** What may go with a message: `kind` and `data` where the application declares kinds. */
export type MessageOptions<A extends object = object> = Pick<
  Payload<'message'>,
  'id' | 'replyTo' | 'mentions' | 'meta' | 'files'
> &
  ({ kind?: undefined; data?: undefined } | OfKind<A>);

type OfKind<A> = { [N in keyof KindsOf<A>]: { kind: N; data: KindsOf<A>[N] } }[keyof KindsOf<A>];

/** What an edit may change beside the text. */
export type EditOptions = Pick<Payload<'editMessage'>, 'mentions' | 'meta' | 'data'>;

/**
 * One room: what is known of it, and what can be done in it. It joins when it is made, comes back by
 * itself, and keeps what was done here until the room has taken or refused it.
 */
export class Room<A extends object = object> {
  /** @example console.log(room.roomId); */
  readonly roomId: string;
  readonly #session: RoomSession;
  readonly #environment: Environment;

  constructor(options: RoomOptions, environment: Environment) {
    this.roomId = options.roomId;
    this.#session = new RoomSession(options, environment);
    this.#environment = environment;
  }

  /**
   * Goes on after `leave`, or after an end: `state.status` tells of those. Where the connection is
   * lost, tries again at once.
   * @example if (room.state.status.name === 'ended') room.join();
   */
  join(): void {
    this.#session.connection.start();
  }

  /**
   * Leaves, at once and until `join`. What is unsent stays, and stays stored.
   * @example room.leave();
   */
  leave(): void {
    this.#session.leave();
  }

  /**
   * What is known of the room now; the same object until something changes.
   * @example for (const { sender, message } of room.state.messages) console.log(sender, message);
   */
  get state(): RoomState<A> {
    return this.#session.state;
  }

  /**
   * For stores that look for themselves, such as React's. @returns ends it
   * @example const stop = room.subscribe(() => console.log(room.getState().unread));
   */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);
  /**
   * `state`, as a function that can be handed on.
   * @example const { online } = room.getState();
   */
  readonly getState = (): RoomState<A> => this.state;
  /**
   * The state of every room that was never joined: what a server renders, always the same object.
   * @example const isFirst = room.getState() === room.getFirstState();
   */
  readonly getFirstState = (): RoomState<A> => this.#session.firstState;

  /**
   * Calls a listener for every event of a name. With `positions`, a promise that it returns is
   * waited for: until then the event is not handled. @returns ends it
   * @example room.on('userJoined', ({ username }) => console.log(`${username} is here.`));
   */
  on<N extends keyof Heard<A>>(name: N, listener: (payload: Heard<A>[N]) => unknown): () => void {
    return this.#session.listeners.on(
      name as keyof RoomEvents,
      listener as (payload: unknown) => unknown,
    );
  }

  /**
   * Every event from now on, until the room is left.
   * @example for await (const { name, payload } of room.events()) console.log(name, payload);
   */
  events(): AsyncIterableIterator<RoomEvent> {
    return this.#session.listeners.stream(roomEvent);
  }

  /**
   * Every message that is new from now on, until the room is left; this user's own included.
   * @example for await (const { message } of room.messages()) console.log(message);
   */
  messages(): AsyncIterableIterator<MessageOf<A>> {
    return this.#session.listeners.stream((name, payload) =>
      name === 'message' ? (payload as MessageOf<A>) : undefined,
    );
  }

  /**
   * Says something. It is kept and sent again until the room has it; `state.outgoing` shows it
   * until then. @returns resolves with the message as it stands in the room
   * @throws Refused when the room will not have it, or has ended; it need not be awaited
   * @example const { seq } = await room.send('hello, Bob', { mentions: ['bob'] });
   */
  send(message: string, options: MessageOptions<A> = {}): Promise<Message> {
    // The room ends a notice of typing with the message by itself.
    return this.#session.keep({ name: 'message', payload: this.#payload(message, options) });
  }

  /**
   * Sends a message whose text is still being produced. Resolves once the room has it.
   * @param message how it begins
   * @throws Refused when the room refuses it
   * @example const stream = await room.stream(); stream.append('Hello'); await stream.done();
   */
  async stream(message = '', options: MessageOptions<A> = {}): Promise<MessageStream> {
    const begin = { ...this.#payload(message, options), streaming: true } as const;
    const stream = await this.#session.stream(begin);
    await stream.begun;
    return stream;
  }

  #payload(message: string, { id, ...options }: MessageOptions<A>): Outgoing['payload'] {
    return { ...options, message, id: id ?? this.#environment.makeId() } as Outgoing['payload'];
  }

  /**
   * Changes a message of one's own. Mentions and `meta` stay unless they are given; `[]` and `{}`
   * remove them. @throws Refused `conflict` when it has changed since
   * @example await room.edit(12, 'hello, dear Bob');
   */
  edit(seq: number, message: string, options: EditOptions = {}): Promise<Message> {
    const payload = { ...options, seq, message, ifRev: this.#session.revOf(seq) };
    return this.#session.keep({ name: 'editMessage', payload });
  }

  /**
   * Deletes a message of one's own, or as moderator anyone's. @throws Refused as `edit`
   * @example await room.delete(12, 'off topic');
   */
  delete(seq: number, note?: string): Promise<Message> {
    const payload = { seq, note, ifRev: this.#session.revOf(seq) };
    return this.#session.keep({ name: 'deleteMessage', payload });
  }

  /** @example await room.addReaction(12, '👍'); */
  addReaction(seq: number, emoji: string): Promise<Message> {
    return this.#session.keep({ name: 'addReaction', payload: { seq, emoji } });
  }

  /** @example await room.removeReaction(12, '👍'); */
  removeReaction(seq: number, emoji: string): Promise<Message> {
    return this.#session.keep({ name: 'removeReaction', payload: { seq, emoji } });
  }

  /**
   * Sends once more what was refused. @param id that of an entry in `state.outgoing`
   * @example for (const { id, state } of room.state.outgoing) if (state === 'failed') room.retry(id);
   */
  retry(id: string): void {
    this.#session.sender.retry(id);
    this.#session.changed();
  }

  /**
   * Gives up what is not stored.
   * @example for (const { id } of room.state.failedChanges) room.discard(id);
   */
  discard(id: string): void {
    this.#session.sender.discard(id);
    this.#session.changed();
  }

  /**
   * This user has read up to here. The first time it also puts a newcomer on the room's list, where
   * what they miss is counted from then on. @param readUpTo a `seq`; without, the newest
   * @example room.markRead();
   */
  markRead(readUpTo = this.state.messages.at(-1)?.seq ?? 0): void {
    this.#session.markRead(readUpTo);
  }

  /**
   * This user is typing. May be called with every key; it is sent as often as it helps.
   * @example room.typing();
   */
  typing(isTyping = true): void {
    this.#session.typing(isTyping);
  }

  /**
   * Sends a signal of the application to the users who are online: one that `src/app.ts` declares, or
   * any where the service has `SIGNALS=open`. It is not stored, and not sent again: of many only the newest may arrive.
   * @example connect<{ cursor: { x: number } }>({ url }).room('general').signal('cursor', { x: 1 });
   */
  signal<N extends keyof SignalsOf<A> & string>(name: N, payload: SignalsOf<A>[N]): void {
    this.#session.connection.ask(name as 'typing', payload as object, () => undefined);
  }

  /**
   * Gives a command of the application's own, as soon as the room can be reached. It is not given again
   * when the connection is lost. @throws Refused
   * @example const { votes } = await pollRoom.command('vote', { seq: 3, option: 0 });
   */
  command<N extends keyof CommandsOf<A> & string>(
    name: N,
    payload: TakenBy<A, N>,
  ): Promise<ReplyOf<A, N>> {
    const asked = this.#session.ask(name as unknown as 'getMembers', payload as object);
    return asked as unknown as Promise<ReplyOf<A, N>>;
  }

  /**
   * Loads a page of older messages into the state; 50 unless given. @throws Refused
   * @example if (room.state.hasOlder) await room.loadOlder();
   */
  loadOlder(limit?: number): Promise<void> {
    return this.#session.loadOlder(limit);
  }

  /**
   * Lets go of all but the newest `count` messages; `loadOlder` brings them back.
   * @example room.trim(200);
   */
  trim(count: number): void {
    this.#session.trim(count);
  }

  /**
   * A page of the room's list, or of users who are online. `prefix` finds people while their name is
   * typed: by the beginning of one of its words, or of their user id. @throws Refused
   * @example const { members } = await room.members({ prefix: 'bo', limit: 5 });
   */
  members(query: Omit<Payload<'getMembers'>, 'roomId'>): Promise<Reply<'getMembers'>> {
    return this.ask('getMembers', query);
  }

  /**
   * Gives any other command, as soon as the room can be reached. What only reads is asked again when
   * the connection is lost; what changes something is not, since it is unknown whether it was done.
   * @throws Refused when the room will not do it, was left, or has ended
   * @example const { results } = await room.ask('searchMessages', { query: 'hello' });
   */
  ask<N extends Askable>(name: N, payload: Omit<Payload<N>, 'roomId'>): Promise<Reply<N>> {
    return this.#session.ask(name, payload as PayloadOf<N>) as Promise<Reply<N>>;
  }
}
