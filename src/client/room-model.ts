import type { Reply } from '../protocol/commands.ts';
import type { EventPayload } from '../protocol/events.ts';
import type { Message, RoomInfo, You } from '../protocol/objects.ts';
import type { Askable, Asker } from './asker.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import { Lane, type Next } from './lane.ts';
import type { Listeners } from './listeners.ts';
import type { Entry } from './outbox.ts';
import { OwnReactions } from './own-reactions.ts';
import { People } from './people.ts';
import type { PositionKeeper } from './positions.ts';
import { Reading } from './reading.ts';
import type { RoomEvent, RoomEvents } from './room-events.ts';
import { hasFailed, isChange, isOutgoing, type RoomState, withChanges } from './state.ts';
import { type Merged, Timeline } from './timeline.ts';
import type { Timing } from './timing.ts';
import { Typists } from './typists.ts';

interface Ports {
  environment: Environment;
  connection: Connection;
  asker: Asker;
  timing: Timing;
  /** Whether the room sends this connection only the number of users online, however few they are. */
  quiet: boolean;
  listeners: Listeners<RoomEvents>;
  /** Called with each message known to be stored in the room, whether or not its reply arrived. */
  stored: (message: Message) => void;
  /** Called when the state has changed outside of a frame. */
  changed: () => void;
}

/** Above this many users online the room sends a number instead of names. */
const CROWD = 200;
/** Users in a page of `getMembers`. */
const PAGE = 100;

/** The part of a state that this model knows. */
type Known = Omit<RoomState, 'roomId' | 'status' | 'isCatchingUp'>;

/** The state of a room as this client knows it, and how replies and events change it. */
export class RoomModel {
  readonly timeline = new Timeline();
  /** Set where a program stores positions. */
  positions: PositionKeeper | undefined;
  readonly #reading = new Reading(this.timeline);
  /** Sends this user's read position to the room. */
  readonly #marking: Lane<'markRead'>;
  readonly #refreshing: Lane<'joinRoom'>;
  /** Whether the room must be asked for this user's counts and rights. */
  #isStale = false;
  /** Replaced with each list from the room, so that late pages of an earlier list are dropped. */
  #people = new People();
  readonly #ports: Ports;
  readonly #myReactions = new OwnReactions();
  readonly #typists: Typists;
  #room: RoomInfo | undefined;
  #you: You | undefined;
  /** Whether this user is known to be on the room's list, so that the room counts unread messages. */
  #isListed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
    const { connection } = ports;
    this.#marking = new Lane(connection, () => this.#nextMark());
    this.#refreshing = new Lane(connection, () => this.#nextRefresh());
    this.#typists = new Typists(ports.environment, ports.timing.typingLapsesMs, ports.changed);
  }

  /** The room was left or has ended: presence is no longer known. */
  left(): void {
    this.#typists.clear();
    this.#people = new People();
  }

  joined(reply: Reply<'joinRoom'>): void {
    const { room, messages, missed, complete, myReactions } = reply;
    this.#isStale = false;
    if (missed === undefined) this.#begin(reply);
    else this.#resume(reply, missed);
    this.#myReactions.merge([...messages, ...(missed ?? [])], myReactions);
    this.timeline.dropBelow(room.horizon);
    for (const message of messages) this.#ports.stored(message);
    this.#typists.clear();
    this.#takeJoinState(reply);
    this.#startPeople(reply);
    if (complete !== false) this.positions?.caughtUp(reply.position);
  }

  /** A further page of missed messages. */
  missed({ messages, myReactions, complete, position }: Reply<'getMissed'>): void {
    this.#takeMissed(messages);
    this.#myReactions.merge(messages, myReactions);
    if (!complete) return;
    this.positions?.caughtUp(position);
    // While pages arrived, live events were not enough for the counts.
    this.refresh();
  }

  /**
   * Asks the room for this user's counts and rights where events do not say enough: joining again is
   * harmless and replies with the current state. A call while a reply is expected asks once more after
   * it.
   */
  refresh(): void {
    this.#isStale = true;
    this.#refreshing.send();
  }

  #nextRefresh(): Next<'joinRoom'> | undefined {
    if (!this.#isStale) return undefined;
    this.#isStale = false;
    return {
      name: 'joinRoom',
      payload: { quiet: this.#ports.quiet },
      answered: (result) => {
        if (result?.ok !== true) return;
        this.#takeJoinState(result);
        if (!this.#people.isComplete) this.#startPeople(result);
      },
    };
  }

  /** This user has read up to here. */
  markRead(readUpTo: number): void {
    this.#reading.markRead(readUpTo);
    this.send();
  }

  /** Sends this user's read position, if the room does not have it. */
  send(): void {
    this.#marking.send();
  }

  #nextMark(): Next<'markRead'> | undefined {
    const readUpTo = this.#reading.pending;
    if (readUpTo === undefined) return undefined;
    return {
      name: 'markRead',
      payload: { readUpTo },
      answered: (result) => {
        if (result === undefined) return;
        this.#reading.marked(readUpTo, result);
        if (result.ok) this.#isListed = true;
      },
    };
  }

  event(event: RoomEvent): void {
    const { name, payload } = event;
    if (name === 'message' || name === 'messageUpdated') this.#onLive(name, payload);
    else if (name === 'messageAppended') this.#appended(payload);
    else if (name === 'reactionsUpdated') this.#reacted(payload);
    else return this.#apply(event);
    return this.#reached(payload.rev);
  }

  /** Takes a message from the reply to a command of this client. */
  stored(message: Message, myReactions?: readonly string[]): void {
    if (myReactions !== undefined) this.#myReactions.set(message.seq, myReactions);
    this.#emitMerged(this.timeline.put(message), message);
    this.#listed();
    this.#reached(message.rev);
  }

  /**
   * The text of a message has grown or ended; an end is also emitted as `messageUpdated`, with the
   * whole message.
   */
  #appended(payload: EventPayload<'messageAppended'>): void {
    const before = this.timeline.find(payload.seq);
    if (!this.timeline.append(payload)) return;
    this.#ports.listeners.emit('messageAppended', payload);
    const message = this.timeline.find(payload.seq);
    if (payload.status === undefined || message === undefined) return;
    if (this.#reading.messageChanged(before, message, false)) this.refresh();
    this.#ports.listeners.emit('messageUpdated', message);
  }

  /** Takes what a reply or an event holds about the room. */
  merge(reply: Reply<Askable> | EventPayload<'pinsUpdated'>): void {
    if ('messages' in reply) this.#myReactions.merge(reply.messages, reply.myReactions);
    if ('room' in reply) this.#room = reply.room;
    if ('pins' in reply) this.#room = { ...this.#room!, pins: reply.pins };
  }

  /** @param entries commands given here that are not known to be stored */
  state(entries: readonly Entry[]): Known {
    const changes = entries.filter(isChange);
    const pending = changes.filter((change) => !hasFailed(change));
    return {
      room: this.#room,
      you: this.#you,
      messages: withChanges(this.timeline.list, pending),
      hasOlder: this.#you !== undefined && this.timeline.hasOlder,
      outgoing: entries.filter(isOutgoing),
      myReactions: this.#myReactions.with(pending),
      failedChanges: changes.filter(hasFailed),
      online: this.#people.list,
      onlineCount: this.#people.count,
      typing: this.#typists.list,
      ...this.#reading.counts,
      receipts: this.#reading.receipts,
    };
  }

  /** Drops the known state and begins with the newest messages. */
  #begin({ messages, position, reset }: Reply<'joinRoom'>): void {
    const isNew = this.#you === undefined && reset !== true;
    this.timeline.clear(messages[0]?.seq ?? Number(position.split(':')[1]) + 1);
    for (const message of messages) this.timeline.put(message);
    this.#reading.clear();
    this.#myReactions.clear();
    if (!isNew) this.#ports.listeners.notify('reset', undefined);
  }

  /** Resumes from a position: that of a lost connection, or one from before a restart. */
  #resume({ epoch }: Reply<'joinRoom'>, missed: readonly Message[]): void {
    if (this.#you === undefined) this.timeline.clear((this.positions?.rev ?? 0) + 1);
    this.positions?.catchUp(epoch);
    this.#takeMissed(missed);
  }

  /** While pages of missed messages arrive, live events do not move the position. */
  #reached(rev: number): void {
    if (!this.#ports.connection.isCatchingUp) this.positions?.reached(rev);
  }

  #takeMissed(messages: readonly Message[]): void {
    for (const message of messages) {
      const { seq, rev } = message;
      const isNew = seq < this.timeline.from && this.positions?.isNew(seq) === true;
      const merged = this.timeline.put(message);
      this.#emitMerged(isNew ? 'new' : merged, message);
      this.#ports.stored(message);
      this.positions?.reached(rev);
    }
  }

  #emitMerged(merged: Merged, message: Message): void {
    if (merged === 'known') return;
    this.#ports.listeners.emit(merged === 'new' ? 'message' : 'messageUpdated', message);
  }

  /** Takes the room's info, this user's rights and counts, and the read positions. */
  #takeJoinState(reply: Reply<'joinRoom'>): void {
    this.#room = reply.room;
    this.#you = reply.you;
    this.#people.renamed(reply.you);
    this.#reading.joined(reply);
  }

  #startPeople({ online, onlineCount, presence }: Reply<'joinRoom'>): void {
    const hasNames = presence === 'users';
    const people = new People(online, hasNames && online.length >= onlineCount, onlineCount);
    this.#people = people;
    if (hasNames && !people.isComplete) this.#loadPeople(people);
  }

  /** Loads the names of everyone who is online, page by page. */
  #loadPeople(people: People, after?: string): void {
    const page = { online: true, limit: PAGE, after };
    const take = ({ members, hasMore }: Reply<'getMembers'>) => {
      if (people !== this.#people || people.isCounted) return;
      people.add(members);
      people.isComplete = !hasMore;
      if (hasMore) this.#loadPeople(people, members.at(-1)?.userId);
    };
    this.#ports.asker.ask('getMembers', page, take).catch(() => undefined);
  }

  /** Takes an event without a `rev`, or a signal, whose payload may be any JSON value. */
  #apply({ name, payload }: RoomEvent): void {
    switch (name) {
      case 'userJoined':
        this.#people.arrived(payload);
        break;
      case 'userLeft':
        this.#people.left(payload);
        this.#typists.stopped(payload.userId);
        break;
      case 'presence':
        this.#people.counted(payload.onlineCount);
        if (payload.onlineCount <= CROWD && !this.#ports.quiet) this.refresh();
        break;
      case 'typing':
        if (!this.#isMe(payload.userId)) this.#typists.update(payload);
        break;
      case 'readReceipts':
        for (const receipt of payload.receipts) if (this.#reading.receipt(receipt)) this.refresh();
        break;
      case 'roomUpdated':
        this.#room = payload;
        if (this.timeline.dropBelow(payload.horizon)) this.refresh();
        break;
      case 'pinsUpdated':
        this.merge(payload);
        break;
      case 'memberUpdated': {
        const isMe = this.#isMe(payload.userId);
        this.#people.renamed(payload);
        if (isMe) this.#isListed = payload.role !== 'none';
        // A token may grant a higher role than the event says; a new member has a read position.
        if (isMe || this.#reading.knowsAll) this.refresh();
        break;
      }
      default:
    }
    this.#ports.listeners.emit(name, payload);
  }

  #reacted(payload: EventPayload<'reactionsUpdated'>): void {
    const { by, seq, emoji, added, rev } = payload;
    if (this.#isMe(by)) this.#myReactions.change(seq, emoji, added);
    if (!this.timeline.react(payload)) return;
    this.#act(by, added ? rev : undefined);
    this.#ports.listeners.emit('reactionsUpdated', payload);
  }

  /** A message that another user sent or changed, live. */
  #onLive(name: 'message' | 'messageUpdated', payload: EventPayload<'messageUpdated'>): void {
    const { listeners, stored } = this.#ports;
    const { change: _, by, ...message } = payload;
    const before = this.timeline.find(message.seq);
    const merged = this.timeline.put(message);
    if (merged === 'known') return;
    const isMessage = name === 'message';
    if (isMessage) this.#typists.stopped(message.senderId);
    stored(message);
    this.#act(by ?? message.senderId, isMessage ? message.rev : undefined);
    if (this.#reading.messageChanged(before, message, isMessage)) this.refresh();
    // It was changed before the page that holds it arrived: for listeners it is new.
    listeners.emit(merged === 'new' ? 'message' : name, payload);
  }

  /** @param rev that of the change, if the change puts its user on the room's list */
  #act(userId: string, rev?: number): void {
    if (this.#isMe(userId)) this.#listed();
    else if (rev !== undefined) this.#reading.acted(userId, rev);
  }

  #isMe(userId: string): boolean {
    return userId === this.#you?.userId;
  }

  /**
   * This user's first durable change puts them on the room's list, from which on the room
   * counts for them.
   */
  #listed(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.refresh();
  }
}
