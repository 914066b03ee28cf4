import type { Payload, Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { EventName, EventPayload } from '../protocol/events.ts';
import type { Message, Present, RoomInfo, You } from '../protocol/objects.ts';
import { type Askable, Asker } from './asker.ts';
import { Connection, type ConnectionOptions, type Status } from './connection.ts';
import type { Environment } from './environment.ts';
import { Listeners } from './listeners.ts';
import { Outbox, type Store } from './outbox.ts';
import { OwnReactions } from './own-reactions.ts';
import { People } from './people.ts';
import { Reading } from './reading.ts';
import { MessageStream } from './message-stream.ts';
import { notConnected, Refused } from './refused.ts';
import { Sender } from './sender.ts';
import { hasFailed, isOutgoing, type RoomState, withChanges } from './state.ts';
import { Timeline } from './timeline.ts';
import { Typists } from './typists.ts';

/**
 * What a room tells. `message` comes once for every message that is new to this client, what was
 * missed and this user's own included; `messageUpdated` for every change of one. `change`: the state
 * is another one. `reset`: the room's storage began anew, and so does the state.
 */
export type RoomEvents = { [N in EventName]: EventPayload<N> } & {
  change: RoomState;
  status: Status;
  reset: undefined;
};

/**
 * What is heard where `S` are the payloads of one's own events, by name: those say who sent them, and
 * where.
 */
export type Heard<S extends object> = RoomEvents & {
  [N in keyof S]: S[N] & Present & { roomId: string };
};

/** One event as a loop over `events()` gets it. */
export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];

export interface RoomOptions extends ConnectionOptions {
  roomId: string;
  /** Newest messages to load when the room is first joined. */
  history: number;
  store: Store | undefined;
  /** Where in the store. */
  storeKey: string;
  /** A guest was given this to be the same guest again. */
  onGuestToken: (guestToken: string) => void;
}

/** What may go with a message. */
export type MessageOptions = Pick<Payload<'message'>, 'id' | 'replyTo' | 'mentions' | 'meta'>;

/** What an edit may change beside the text. */
export type EditOptions = Pick<MessageOptions, 'mentions' | 'meta'>;

/** What only this client tells. */
const OWN = /^(change|status|reset)$/;

/** Messages in a page of older ones. */
const OLDER_PAGE = 50;
const MEMBERS_PAGE = 100;

/**
 * One room: what is known of it, and what can be done in it. It joins when it is made, comes back by
 * itself, and keeps what was done here until the room has taken or refused it.
 */
export class Room<S extends object = object> {
  readonly roomId: string;
  readonly #options: RoomOptions;
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #asker: Asker;
  readonly #streams = new Set<MessageStream>();
  readonly #listeners = new Listeners<RoomEvents>();
  readonly #timeline = new Timeline();
  readonly #myReactions = new OwnReactions();
  readonly #people = new People();
  readonly #typists: Typists;
  readonly #reading = new Reading(this.#timeline);
  #room: RoomInfo | undefined;
  #you: You | undefined;
  #state: RoomState | undefined;
  readonly #firstState: RoomState;
  /** Counts what makes an answer about people worthless: joins, and lists that begin anew. */
  #generation = 0;
  #older: Promise<void> | undefined;
  /** Whether the room is known to remember this user, and thus counts what is unread. */
  #isListed = false;
  #refresh: 'idle' | 'asked' | 'again' = 'idle';
  #isMarking = false;
  #typedAt = -Infinity;

  constructor(options: RoomOptions, environment: Environment) {
    const { roomId, timing, store, storeKey } = options;
    this.roomId = roomId;
    this.#options = options;
    this.#environment = environment;
    this.#connection = new Connection(options, environment, {
      status: (status) => this.#statusChanged(status),
      joined: (reply) => this.#joined(reply),
      missed: (page) => this.#missed(page),
      event: (name, payload) => this.#event({ name, payload } as RoomEvent),
      framed: () => this.#changed(),
      // A newer token may give another name or other rights.
      renewed: () => this.#askAgain(),
    });
    this.#outbox = new Outbox(store, storeKey);
    this.#sender = new Sender({
      connection: this.#connection,
      environment,
      outbox: this.#outbox,
      stored: (message, myReactions) => this.#stored(message, myReactions),
    });
    this.#asker = new Asker(this.#connection);
    this.#typists = new Typists(environment, timing.typingLapsesMs, () => this.#changed());
    // What is unsent is in one browser's storage, which a server that renders does not have.
    this.#firstState = {
      ...this.#makeState(),
      outgoing: [],
      failedChanges: [],
      myReactions: new Map(),
    };
  }

  /**
   * Goes on after `leave`, or after an end: `state.status` tells of those. Where the connection is
   * lost, tries again at once.
   */
  join(): void {
    this.#connection.start();
  }

  /** Leaves, at once and until `join`. What is unsent stays, and stays stored. */
  leave(): void {
    this.#connection.stop();
    this.#listeners.endStreams();
  }

  /** What is known of the room now; the same object until something changes. */
  get state(): RoomState {
    this.#state ??= this.#makeState();
    return this.#state;
  }

  /** For stores that look for themselves, such as React's. @returns ends it */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);
  readonly getState = (): RoomState => this.state;
  /** The state of every room that was never joined: what a server renders, always the same object. */
  readonly getFirstState = (): RoomState => this.#firstState;

  /** @returns ends it */
  on<N extends keyof Heard<S>>(name: N, listener: (payload: Heard<S>[N]) => void): () => void {
    return this.#listeners.on(name as keyof RoomEvents, listener as (payload: unknown) => void);
  }

  /** Every event from now on, until the room is left. */
  events(): AsyncIterableIterator<RoomEvent> {
    return this.#listeners.stream((name, payload) =>
      OWN.test(name) ? undefined : ({ name, payload } as RoomEvent),
    );
  }

  /** Every message that is new from now on, until the room is left; this user's own included. */
  messages(): AsyncIterableIterator<Message> {
    return this.#listeners.stream((name, payload) =>
      name === 'message' ? (payload as Message) : undefined,
    );
  }

  /**
   * Says something. It is kept and sent again until the room has it; `state.outgoing` shows it
   * meanwhile.
   * @returns resolves with the message as it stands in the room
   * @throws Refused when the room will not have it, or has ended; nobody needs to wait for that
   */
  send(message: string, options: MessageOptions = {}): Promise<Message> {
    const { id = this.#environment.makeId() } = options;
    // The room ends a notice of typing with the message by itself.
    return this.#keep({ name: 'message', payload: { ...options, message, id } });
  }

  /**
   * Says something while it is being made, such as an assistant's answer.
   * @param message how it begins
   * @returns resolves once the room has it; then `append` text to it, and `done()` ends it
   * @throws Refused when the room will not have it
   * @example const stream = await room.stream(); stream.append('Hello'); await stream.done();
   */
  async stream(message = '', options: MessageOptions = {}): Promise<MessageStream> {
    const { id = this.#environment.makeId() } = options;
    const stream = new MessageStream(
      { ...options, message, id, streaming: true },
      {
        connection: this.#connection,
        environment: this.#environment,
        stored: (stored) => this.#stored(stored),
        appended: (payload) => this.#appended({ ...payload, roomId: this.roomId }),
        find: (seq) => this.#timeline.find(seq),
      },
    );
    this.#streams.add(stream);
    this.#eachStream((one) => one.go());
    this.#nobodyAnswers();
    await stream.begun;
    return stream;
  }

  /**
   * Changes a message of one's own. Mentions and `meta` stay unless they are given; `[]` and `{}`
   * remove them.
   * @throws Refused `conflict` when it has changed meanwhile
   */
  edit(seq: number, message: string, options: EditOptions = {}): Promise<Message> {
    const payload = { ...options, seq, message, ...this.#ifRev(seq) };
    return this.#keep({ name: 'editMessage', payload });
  }

  /** Deletes a message of one's own, or as moderator anyone's. @throws Refused as `edit` */
  delete(seq: number, note?: string): Promise<Message> {
    const payload = { seq, ...(note !== undefined && { note }), ...this.#ifRev(seq) };
    return this.#keep({ name: 'deleteMessage', payload });
  }

  addReaction(seq: number, emoji: string): Promise<Message> {
    return this.#keep({ name: 'addReaction', payload: { seq, emoji } });
  }

  removeReaction(seq: number, emoji: string): Promise<Message> {
    return this.#keep({ name: 'removeReaction', payload: { seq, emoji } });
  }

  /** Sends once more what was refused. @param id that of an entry in `state.outgoing` */
  retry(id: string): void {
    this.#sender.retry(id);
    this.#changed();
  }

  /** Gives up what is not stored. */
  discard(id: string): void {
    this.#sender.discard(id, notConnected);
    this.#changed();
  }

  /**
   * This user has read up to here. The first time it also puts a newcomer on the room's list, where
   * what they miss is counted from then on.
   * @param readUpTo a `seq`; without, the newest
   */
  markRead(readUpTo = this.#timeline.list.at(-1)?.seq ?? 0): void {
    this.#reading.want(readUpTo);
    this.#mark();
    this.#changed();
  }

  /** This user is typing. May be called with every key; the room hears it as often as it helps. */
  typing(isTyping = true): void {
    const now = this.#environment.now();
    const { typingEveryMs, typingLapsesMs } = this.#options.timing;
    const since = now - this.#typedAt;
    if (!this.#connection.isOpen || since < (isTyping ? typingEveryMs : 0)) return;
    if (!isTyping && since >= typingLapsesMs) return;
    if (isTyping) this.#typedAt = now;
    this.#connection.ask('typing', { isTyping }, () => undefined);
  }

  /**
   * Sends an event of one's own to those who are here now, where the service has `SIGNALS=open`. It is
   * not stored, and not sent again: of many only the newest may come through.
   */
  signal<N extends keyof S & string>(name: N, payload: S[N]): void {
    this.#connection.ask(name as 'typing', payload as object, () => undefined);
  }

  /** Loads a page of older messages into the state. @throws Refused */
  loadOlder(limit = OLDER_PAGE): Promise<void> {
    this.#older ??= this.#loadOlder(limit).finally(() => {
      this.#older = undefined;
    });
    return this.#older;
  }

  /** Lets go of all but the newest `count` messages; `loadOlder` brings them back. */
  trim(count: number): void {
    // While pages are on their way the newest here need not be the newest there are.
    if (!this.#connection.isCatchingUp) this.#timeline.trim(count);
    this.#changed();
  }

  /**
   * A page of the room's list, or of users who are online. `prefix` finds people while their name is
   * typed: by the beginning of one of its words, or of their user id. @throws Refused
   */
  members(query: Omit<Payload<'getMembers'>, 'roomId'>): Promise<Reply<'getMembers'>> {
    return this.ask('getMembers', query);
  }

  /**
   * Gives any other command, as soon as the room can be reached. What only reads is asked again when
   * the connection is lost; what changes something is not, since nobody knows whether it was done.
   * @throws Refused when the room will not do it, was left, or has ended
   */
  ask<N extends Askable>(name: N, payload: Omit<Payload<N>, 'roomId'>): Promise<Reply<N>> {
    return this.#asking(name, payload, (reply) => {
      if ('room' in reply) this.#room = reply.room;
    });
  }

  /** @param take is given the reply in the room's order, before the events behind it */
  #asking<N extends Askable>(
    name: N,
    payload: Omit<Payload<N>, 'roomId'>,
    take: (reply: Reply<N>) => void,
  ): Promise<Reply<N>> {
    return new Promise((resolve, reject) => {
      this.#asker.ask(name, payload, (result) => {
        if (result.ok) {
          if ('messages' in result) this.#myReactions.learn(result.messages, result.myReactions);
          take(result);
          resolve(result);
        } else reject(new Refused(result.error));
      });
      this.#nobodyAnswers();
    });
  }

  #keep(kept: Parameters<Sender['add']>[0]): Promise<Message> {
    const was =
      kept.name === 'message'
        ? undefined
        : this.state.messages.find(({ seq }) => seq === kept.payload.seq)?.message;
    const stored = this.#sender.add(kept, was);
    this.#nobodyAnswers();
    this.#changed();
    return stored;
  }

  #ifRev(seq: number): { ifRev?: number } {
    const known = this.#timeline.find(seq);
    return known === undefined ? {} : { ifRev: known.rev };
  }

  #statusChanged(status: Status): void {
    const problem = this.#gone;
    if (problem !== undefined) {
      this.#generation++;
      this.#typists.clear();
      this.#people.clear();
      this.#nobodyAnswers(problem);
    }
    this.#listeners.tell('status', status);
    this.#changed();
  }

  /** Why nobody will answer, where the room was left or has ended. */
  get #gone(): Problem | undefined {
    const { status } = this.#connection;
    if (status.name === 'ended') return status.problem;
    return status.name === 'left' ? notConnected : undefined;
  }

  /** Whoever waits need not wait longer; what is to be sent stays. */
  #nobodyAnswers(problem = this.#gone): void {
    if (problem === undefined) return;
    this.#sender.ended(problem);
    this.#asker.ended(problem);
    this.#eachStream((stream) => stream.fail(problem));
  }

  #eachStream(work: (stream: MessageStream) => void): void {
    for (const stream of this.#streams) {
      work(stream);
      if (stream.isOver) this.#streams.delete(stream);
    }
  }

  #joined(reply: Reply<'joinRoom'>): void {
    const { room, you, messages, missed, myReactions } = reply;
    if (you.guestToken !== undefined) this.#options.onGuestToken(you.guestToken);
    this.#sender.joined(you.userId);
    if (missed === undefined) this.#begin(reply);
    else this.#takeMissed(missed);
    this.#myReactions.learn([...messages, ...(missed ?? [])], myReactions);
    this.#timeline.dropBelow(room.horizon);
    for (const message of messages) this.#sender.heard(message);
    this.#typists.clear();
    this.#told(reply);
    this.#meetPeople(reply);
    this.#sender.go();
    this.#asker.go();
    this.#eachStream((stream) => stream.go());
    this.#mark();
    if (this.#timeline.list.length === 0 && this.#options.history > 0) {
      void this.loadOlder().catch(() => undefined);
    }
  }

  /** What was known counts no more: begins with the newest messages. */
  #begin({ messages, position }: Reply<'joinRoom'>): void {
    const isNew = this.#you === undefined;
    const next = Number(position.split(':')[1]) + 1;
    this.#timeline.clear(messages[0]?.seq ?? next);
    for (const message of messages) this.#timeline.put(message);
    this.#reading.clear();
    this.#myReactions.clear();
    if (!isNew) this.#listeners.tell('reset', undefined);
  }

  #missed({ messages, myReactions, complete }: Reply<'getMissed'>): void {
    this.#takeMissed(messages);
    this.#myReactions.learn(messages, myReactions);
    // Live events did not tell enough while pages were on their way.
    if (complete) this.#askAgain();
  }

  #takeMissed(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#tellMerged(this.#timeline.put(message), message);
      this.#sender.heard(message);
    }
  }

  #tellMerged(merged: ReturnType<Timeline['put']>, message: Message): void {
    if (merged === 'new') this.#listeners.tell('message', message);
    else if (merged === 'changed') this.#listeners.tell('messageUpdated', message);
  }

  /** The room's word about itself, this user, and how far all have read. */
  #told({ room, you, receipts }: Reply<'joinRoom'>): void {
    this.#room = room;
    this.#you = you;
    this.#people.renamed(you);
    this.#reading.told(you, you.userId);
    this.#reading.othersTold(receipts, room.memberCount);
  }

  #meetPeople(reply: Reply<'joinRoom'>): void {
    this.#generation++;
    if (this.#people.joined(reply)) this.#loadPeople();
  }

  #event(event: RoomEvent): void {
    const { name, payload } = event;
    switch (name) {
      case 'message':
      case 'messageUpdated':
        this.#heard(name, payload);
        return;
      case 'reactionsUpdated':
        if (payload.by === this.#you?.userId) {
          this.#myReactions.change(payload.seq, payload.emoji, payload.added);
        }
        if (!this.#timeline.react(payload)) return;
        this.#act(payload.by, payload.added ? payload.rev : undefined);
        break;
      case 'messageAppended':
        this.#appended(payload);
        return;
      case 'stopRequested':
        this.#eachStream((stream) => {
          if (stream.seq === payload.seq) stream.stopRequested();
        });
        break;
      case 'userJoined':
        this.#people.arrived(payload);
        break;
      case 'userLeft':
        this.#people.left(payload);
        this.#typists.stopped(payload.userId);
        break;
      case 'presence':
        this.#generation++;
        if (this.#people.counted(payload.onlineCount)) this.#askAgain();
        break;
      case 'typing':
        if (payload.userId !== this.#you?.userId) this.#typists.heard(payload);
        break;
      case 'readReceipts':
        for (const receipt of payload.receipts) {
          if (this.#reading.receipt(receipt)) this.#askAgain();
        }
        break;
      case 'roomUpdated':
        this.#room = payload;
        if (this.#timeline.dropBelow(payload.horizon)) this.#askAgain();
        break;
      case 'memberUpdated':
        this.#people.renamed(payload);
        if (payload.userId === this.#you?.userId) this.#isListed = payload.role !== 'none';
        else if (!this.#reading.knowsAll) break;
        // A role by token may stand above the one that is told here; a new one has read something.
        this.#askAgain();
        break;
      default:
    }
    this.#listeners.tell(name, payload);
  }

  /** A message that somebody else sent or changed, live. */
  #heard(name: 'message' | 'messageUpdated', payload: EventPayload<'messageUpdated'>): void {
    const { change: _, by, ...message } = payload;
    const before = this.#timeline.find(message.seq);
    const merged = this.#timeline.put(message);
    if (merged === 'known') return;
    if (name === 'message') this.#typists.stopped(message.senderId);
    this.#sender.heard(message);
    this.#act(by ?? message.senderId, name === 'message' ? message.rev : undefined);
    if (this.#reading.heard(before, message, name === 'message')) this.#askAgain();
    // Changed before the page that holds it has come: to those who listen it is new.
    this.#listeners.tell(merged === 'new' ? 'message' : name, payload);
  }

  /** The text of a message has grown, or has ended: that is also an update, with all of it. */
  #appended(payload: EventPayload<'messageAppended'>): void {
    const before = this.#timeline.find(payload.seq);
    if (!this.#timeline.append(payload)) return;
    this.#listeners.tell('messageAppended', payload);
    const message = this.#timeline.find(payload.seq);
    if (payload.status === undefined || message === undefined) return;
    if (this.#reading.heard(before, message, false)) this.#askAgain();
    this.#listeners.tell('messageUpdated', message);
  }

  /** The answer to something done here. */
  #stored(message: Message, myReactions?: readonly string[]): void {
    if (myReactions !== undefined) this.#myReactions.set(message.seq, myReactions);
    this.#tellMerged(this.#timeline.put(message), message);
    this.#act(this.#you?.userId);
  }

  /**
   * Whoever acts for the first time stands on the room's list from then on, and is counted for.
   * @param rev of what was done, where it puts somebody there
   */
  #act(userId: string | undefined, rev?: number): void {
    if (userId !== this.#you?.userId) {
      if (userId !== undefined && rev !== undefined) this.#reading.acted(userId, rev);
    } else if (!this.#isListed && userId !== undefined) {
      this.#isListed = true;
      this.#askAgain();
    }
  }

  /** Asks for the room's word about this user. To join twice is harmless and answers afresh. */
  #askAgain(): void {
    if (this.#refresh !== 'idle') {
      this.#refresh = 'again';
      return;
    }
    this.#refresh = 'asked';
    this.#connection.ask('joinRoom', {}, (result) => {
      const isAgain = this.#refresh === 'again';
      this.#refresh = 'idle';
      if (result?.ok !== true) return;
      this.#told(result);
      if (!this.#people.isComplete) this.#meetPeople(result);
      if (isAgain) this.#askAgain();
    });
  }

  #mark(): void {
    const readUpTo = this.#reading.wanted;
    if (readUpTo === undefined || this.#isMarking || !this.#connection.isOpen) return;
    this.#isMarking = true;
    this.#connection.ask('markRead', { readUpTo }, (result) => {
      this.#isMarking = false;
      if (result === undefined) return;
      // The room knows no position beyond its newest message.
      if (this.#reading.wanted === readUpTo) this.#reading.giveUp();
      if (result.ok) {
        this.#isListed = true;
        this.#reading.kept(result);
      }
      this.#mark();
    });
  }

  async #loadOlder(limit: number): Promise<void> {
    const { from, hasOlder } = this.#timeline;
    if (!hasOlder) return;
    const page = { limit, ...(from < Infinity && { before: from }) };
    await this.#asking('getHistory', page, ({ messages, hasMore }) => {
      // Where the list has begun anew meanwhile, the page does not reach up to it.
      if (from !== this.#timeline.from) return;
      const [first] = messages;
      this.#timeline.addOlder(messages, hasMore && first !== undefined ? first.seq : 0);
    });
  }

  /** Loads the names of everyone who is here, page by page. */
  #loadPeople(after?: string): void {
    const generation = this.#generation;
    const page = { online: true, limit: MEMBERS_PAGE, ...(after !== undefined && { after }) };
    this.#asker.ask('getMembers', page, (result) => {
      if (!result.ok || generation !== this.#generation) return;
      const { members, hasMore } = result;
      this.#people.add(members, !hasMore);
      if (hasMore) this.#loadPeople(members.at(-1)?.userId);
    });
  }

  #changed(): void {
    this.#state = undefined;
    this.#listeners.tell('change', this.state);
  }

  #makeState(): RoomState {
    const { entries } = this.#outbox;
    return {
      roomId: this.roomId,
      status: this.#connection.status,
      isCatchingUp: this.#connection.isCatchingUp,
      room: this.#room,
      you: this.#you,
      messages: withChanges(this.#timeline.list, entries),
      hasOlder: this.#timeline.hasOlder,
      outgoing: entries.filter(isOutgoing),
      myReactions: this.#myReactions.with(entries),
      failedChanges: entries.filter((entry) => !isOutgoing(entry)).filter(hasFailed),
      online: this.#people.list,
      onlineCount: this.#people.count,
      typing: this.#typists.list,
      ...this.#reading.counts,
      receipts: this.#reading.receipts,
    };
  }
}
