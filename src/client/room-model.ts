import type { Reply } from '../protocol/commands.ts';
import type { EventPayload } from '../protocol/events.ts';
import type { Message, RoomInfo, You } from '../protocol/objects.ts';
import type { Askable, Asker } from './asker.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Listeners } from './listeners.ts';
import type { Entry } from './outbox.ts';
import { OwnReactions } from './own-reactions.ts';
import { People } from './people.ts';
import { PeopleLoader } from './people-loader.ts';
import type { PositionKeeper } from './positions.ts';
import { ReadMarker } from './read-marker.ts';
import { Reading } from './reading.ts';
import { Refresher } from './refresher.ts';
import type { RoomEvent, RoomEvents } from './room-events.ts';
import { hasFailed, isOutgoing, type RoomState, withChanges } from './state.ts';
import { type Merged, Timeline } from './timeline.ts';
import type { Timing } from './timing.ts';
import { Typists } from './typists.ts';

interface Ports {
  environment: Environment;
  connection: Connection;
  asker: Asker;
  timing: Timing;
  listeners: Listeners<RoomEvents>;
  positions: PositionKeeper | undefined;
  /** A message is stored in the room, whether or not its reply came. */
  stands: (message: Message) => void;
  /** The state has changed outside of a frame. */
  changed: () => void;
}

/** The parts of a state that say what is known of a room. */
type Known = Omit<RoomState, 'roomId' | 'status' | 'isCatchingUp'>;

/** What this client knows of a room, and how replies and events change it. */
export class RoomModel {
  readonly timeline = new Timeline();
  readonly #reading = new Reading(this.timeline);
  /** Takes to the room how far this user has read. */
  readonly marker: ReadMarker;
  readonly #people = new People();
  readonly #loader: PeopleLoader;
  readonly #refresher: Refresher;
  readonly #ports: Ports;
  readonly #myReactions = new OwnReactions();
  readonly #typists: Typists;
  #room: RoomInfo | undefined;
  #you: You | undefined;
  /** Whether the room is known to remember this user, and thus counts what is unread. */
  #isListed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#loader = new PeopleLoader(ports.asker, this.#people);
    this.#refresher = new Refresher(ports.connection, (reply) => this.#refreshed(reply));
    this.marker = new ReadMarker(ports.connection, this.#reading, () => {
      this.#isListed = true;
    });
    this.#typists = new Typists(ports.environment, ports.timing.typingLapsesMs, ports.changed);
  }

  /** The room was left or has ended: presence is not known any more. */
  left(): void {
    this.#loader.cancel();
    this.#typists.clear();
    this.#people.clear();
  }

  joined(reply: Reply<'joinRoom'>): void {
    const { room, messages, missed, complete, myReactions } = reply;
    if (missed === undefined) this.#begin(reply);
    else this.#goOn(reply, missed);
    this.#myReactions.learn([...messages, ...(missed ?? [])], myReactions);
    this.timeline.dropBelow(room.horizon);
    for (const message of messages) this.#ports.stands(message);
    this.#typists.clear();
    this.#told(reply);
    this.#meetPeople(reply);
    if (complete !== false) this.#ports.positions?.caughtUp(reply.position);
  }

  /** A further page of what was missed. */
  missed({ messages, myReactions, complete, position }: Reply<'getMissed'>): void {
    this.#takeMissed(messages);
    this.#myReactions.learn(messages, myReactions);
    if (!complete) return;
    this.#ports.positions?.caughtUp(position);
    // Live events were not enough while pages were on their way.
    this.refresh();
  }

  /** Asks for the room's word about this user: a newer token may give another name or other rights. */
  refresh(): void {
    this.#refresher.refresh();
  }

  #refreshed(reply: Reply<'joinRoom'>): void {
    this.#told(reply);
    if (!this.#people.isComplete) this.#meetPeople(reply);
  }

  event(event: RoomEvent): void {
    const { name, payload } = event;
    if (name === 'message' || name === 'messageUpdated') this.#heard(name, payload);
    else if (name === 'messageAppended') this.appended(payload);
    else if (this.#apply(event)) this.#ports.listeners.tell(name, payload);
    if ('rev' in payload) this.#reached(payload.rev);
  }

  /** The answer to something done here. */
  stored(message: Message, myReactions?: readonly string[]): void {
    if (myReactions !== undefined) this.#myReactions.set(message.seq, myReactions);
    this.#tellMerged(this.timeline.put(message), message);
    this.#act(this.#you?.userId);
    this.#reached(message.rev);
  }

  /** The text of a message has grown, or has ended: that is also an update, with all of it. */
  appended(payload: EventPayload<'messageAppended'>): void {
    const { listeners } = this.#ports;
    const before = this.timeline.find(payload.seq);
    if (!this.timeline.append(payload)) return;
    listeners.tell('messageAppended', payload);
    const message = this.timeline.find(payload.seq);
    if (payload.status === undefined || message === undefined) return;
    if (this.#reading.heard(before, message, false)) this.refresh();
    listeners.tell('messageUpdated', message);
  }

  /** A reply with something of the room in it. */
  learn(reply: Reply<Askable>): void {
    if ('messages' in reply) this.#myReactions.learn(reply.messages, reply.myReactions);
    if ('room' in reply) this.#room = reply.room;
  }

  /** @param entries what was done here and is not known to be stored */
  known(entries: readonly Entry[]): Known {
    return {
      room: this.#room,
      you: this.#you,
      messages: withChanges(this.timeline.list, entries),
      hasOlder: this.#you !== undefined && this.timeline.hasOlder,
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

  /** What was known counts no more: begins with the newest messages. */
  #begin({ messages, position, reset }: Reply<'joinRoom'>): void {
    const isNew = this.#you === undefined && reset !== true;
    this.timeline.clear(messages[0]?.seq ?? Number(position.split(':')[1]) + 1);
    for (const message of messages) this.timeline.put(message);
    this.#reading.clear();
    this.#myReactions.clear();
    if (!isNew) this.#ports.listeners.tell('reset', undefined);
  }

  /** Goes on from a position: that of a connection that was lost, or one from before a restart. */
  #goOn({ epoch }: Reply<'joinRoom'>, missed: readonly Message[]): void {
    const { positions } = this.#ports;
    if (this.#you === undefined) this.timeline.clear((positions?.rev ?? 0) + 1);
    positions?.missing(epoch);
    this.#takeMissed(missed);
  }

  /** While pages of what was missed come, live events do not move the position. */
  #reached(rev: number): void {
    const { connection, positions } = this.#ports;
    if (!connection.isCatchingUp) positions?.reached(rev);
  }

  #takeMissed(messages: readonly Message[]): void {
    const { positions, stands } = this.#ports;
    for (const message of messages) {
      const { seq, rev } = message;
      const isNew = seq < this.timeline.from && positions?.isNew(seq) === true;
      const merged = this.timeline.put(message);
      this.#tellMerged(isNew ? 'new' : merged, message);
      stands(message);
      positions?.reached(rev);
    }
  }

  #tellMerged(merged: Merged, message: Message): void {
    const { listeners } = this.#ports;
    if (merged === 'new') listeners.tell('message', message);
    else if (merged === 'changed') listeners.tell('messageUpdated', message);
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
    this.#loader.cancel();
    if (this.#people.joined(reply)) this.#loader.load();
  }

  /** @returns whether the event says something new */
  #apply({ name, payload }: RoomEvent): boolean {
    const isMe = 'userId' in payload && payload.userId === this.#you?.userId;
    switch (name) {
      case 'reactionsUpdated':
        return this.#reacted(payload);
      case 'userJoined':
        this.#people.arrived(payload);
        break;
      case 'userLeft':
        this.#people.left(payload);
        this.#typists.stopped(payload.userId);
        break;
      case 'presence':
        this.#loader.cancel();
        if (this.#people.counted(payload.onlineCount)) this.refresh();
        break;
      case 'typing':
        if (!isMe) this.#typists.heard(payload);
        break;
      case 'readReceipts':
        for (const receipt of payload.receipts) if (this.#reading.receipt(receipt)) this.refresh();
        break;
      case 'roomUpdated':
        this.#room = payload;
        if (this.timeline.dropBelow(payload.horizon)) this.refresh();
        break;
      case 'memberUpdated':
        this.#people.renamed(payload);
        if (isMe) this.#isListed = payload.role !== 'none';
        // A role by token may be above the one in the event; a new member has a read position.
        if (isMe || this.#reading.knowsAll) this.refresh();
        break;
      default:
    }
    return true;
  }

  #reacted(payload: EventPayload<'reactionsUpdated'>): boolean {
    const { by, seq, emoji, added, rev } = payload;
    if (by === this.#you?.userId) this.#myReactions.change(seq, emoji, added);
    if (!this.timeline.react(payload)) return false;
    this.#act(by, added ? rev : undefined);
    return true;
  }

  /** A message that another user sent or changed, live. */
  #heard(name: 'message' | 'messageUpdated', payload: EventPayload<'messageUpdated'>): void {
    const { listeners, stands } = this.#ports;
    const { change: _, by, ...message } = payload;
    const before = this.timeline.find(message.seq);
    const merged = this.timeline.put(message);
    if (merged === 'known') return;
    const isMessage = name === 'message';
    if (isMessage) this.#typists.stopped(message.senderId);
    stands(message);
    this.#act(by ?? message.senderId, isMessage ? message.rev : undefined);
    if (this.#reading.heard(before, message, isMessage)) this.refresh();
    // Changed before the page that holds it has come: to those who listen it is new.
    listeners.tell(merged === 'new' ? 'message' : name, payload);
  }

  /**
   * A user's first durable change puts them on the room's list, which counts them.
   * @param rev of the change, where it puts the user on the list
   */
  #act(userId: string | undefined, rev?: number): void {
    if (userId !== this.#you?.userId) {
      if (userId !== undefined && rev !== undefined) this.#reading.acted(userId, rev);
    } else if (!this.#isListed && userId !== undefined) {
      this.#isListed = true;
      this.refresh();
    }
  }
}
