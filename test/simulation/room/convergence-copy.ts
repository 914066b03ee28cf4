import assert from 'node:assert/strict';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { EventPayload } from '../../../src/protocol/events.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { parsePosition } from '../../../src/protocol/position.ts';
import type { FakeSocket, Plug } from '../../unit/room/room-harness.ts';

type Failed = { ok: false; error: { code: string; current?: Message } };
type Answer<R> = ({ ok: true } & R) | Failed;

/** A message without `replyCount`, which is derived when it is read. */
export type Kept = Omit<Message, 'replyCount'>;

/** What a client stores of a room while it is away. */
export interface Remembered {
  position: string;
  messages: ReadonlyMap<number, Kept>;
}

export function revOf(position: string): number {
  const parsed = parsePosition(position);
  assert(parsed !== undefined, `no position: ${position}`);
  return parsed.rev;
}

export function keptOf({ replyCount: _, ...kept }: Message): Kept {
  return kept;
}

/** Commands whose reply is a message's new state. */
const CHANGING: ReadonlySet<string> = new Set([
  'message',
  'editMessage',
  'deleteMessage',
  'addReaction',
  'removeReaction',
]);

interface Asked {
  name: string;
  /** The position from which it asks to continue. */
  after: string | undefined;
  payload: object;
}

type Appended = EventPayload<'messageAppended'>;

/**
 * A client that keeps a copy of a room whose messages change, by the rules of docs/protocol.md, and
 * checks the order of what it receives.
 */
export class Copy implements FakeSocket {
  buffered = 0;
  plug: Plug | undefined;
  readonly identity: Identity;
  messages = new Map<number, Kept>();
  /** The position to resume from. */
  resume = '0:0';
  /** Whether the copy is whole up to `resume`. */
  isWhole = false;
  joined = false;
  /** `you` of the last join reply. */
  you: Reply<'joinRoom'>['you'] | undefined;
  /** The last reply. */
  lastReply: unknown;
  readonly #asked = new Map<number, Asked>();
  #since: string | undefined;
  #nextRef = 0;
  /** The `rev` up to which this connection has received every change; undefined while unknown. */
  #heardTo: number | undefined;
  /** The `rev` of the last change received; undefined if the last reply may or may not be a change. */
  #changedTo: number | undefined;
  /** Read positions of others that this connection has received. */
  readonly #read = new Map<string, number>();

  constructor(identity: Identity, remembered?: Remembered) {
    this.identity = identity;
    if (remembered === undefined) return;
    this.messages = new Map(remembered.messages);
    this.resume = remembered.position;
  }

  remember(): Remembered {
    return { position: this.resume, messages: new Map(this.messages) };
  }

  /** Resets the state of the connection, because a new one begins. */
  opening(since: string | undefined): void {
    this.#since = since;
    this.joined = false;
    this.#asked.clear();
    this.#read.clear();
    this.#heardTo = undefined;
  }

  /** The ref for a command to send now; `after` is the position from which it asks to continue. */
  asks(name: string, after?: string, payload: object = {}): number {
    const ref = this.#nextRef++;
    this.#asked.set(ref, { name, after, payload });
    return ref;
  }

  closed(): void {
    this.plug = undefined;
    this.joined = false;
  }

  hear(text: string): void {
    assert(this.plug !== undefined, 'received something after the end');
    for (const line of text.split('\n')) {
      const [name, first, second] = JSON.parse(line) as [string, unknown, unknown];
      this.#take(name, first, second);
    }
  }

  #take(name: string, first: unknown, second: unknown): void {
    switch (name) {
      case 'joined':
        this.#joins(first as Answer<Reply<'joinRoom'>>, this.#since);
        break;
      case 'ack':
        this.#answered(first as number, second);
        break;
      case 'position':
        this.#stands(first as string);
        break;
      case 'message':
        this.#keep(first as Message);
        this.#follows(first as Message);
        break;
      case 'messageUpdated': {
        const { change: _, by: __, ...message } = first as EventPayload<'messageUpdated'>;
        this.#keep(message);
        this.#follows(message);
        break;
      }
      case 'messageAppended':
        this.#appended(first as Appended);
        this.#follows(first as Appended);
        break;
      case 'reactionsUpdated':
        this.#reacted(first as EventPayload<'reactionsUpdated'>);
        break;
      case 'readReceipts':
        this.#reads(first as EventPayload<'readReceipts'>);
        break;
      case 'memberUpdated': {
        const { userId, role, banned } = first as EventPayload<'memberUpdated'>;
        const isOwn = userId === this.identity.userId && this.identity.admin !== true;
        assert(!(isOwn && banned === true), 'a banned user received an event');
        // A user who is listed again starts with a new read position.
        if (role === 'none') this.#read.delete(userId);
        break;
      }
      default:
    }
    const isShown = name !== 'ack' && name !== 'joined' && name !== 'position';
    if (isShown) assert(this.joined, `${name} reached a connection that has not joined`);
  }

  #stands(position: string): void {
    if (this.#changedTo !== undefined) assert.equal(revOf(position), this.#changedTo);
    if (this.isWhole) this.resume = position;
  }

  #answered(ref: number, result: unknown): void {
    const asked = this.#asked.get(ref);
    assert(asked !== undefined, `an answer to nothing: ${ref}`);
    this.#asked.delete(ref);
    this.lastReply = result;
    const answer = result as Answer<{ message: Message; duplicate?: true }>;
    if (!answer.ok) {
      if (answer.error.current !== undefined) this.#keep(answer.error.current);
    } else if (asked.name === 'joinRoom') {
      this.#joins(result as Answer<Reply<'joinRoom'>>, asked.after);
    } else if (asked.name === 'setRole') {
      // The actor of a change learns of it by this reply only.
      const { member } = result as Reply<'setRole'>;
      if (member.role === 'none') this.#read.delete(member.userId);
    } else if (asked.name === 'leaveRoom') {
      this.joined = false;
      this.#heardTo = undefined;
    } else if (asked.name === 'getMissed') {
      this.#catchesUp(result as Reply<'getMissed'>, asked.after);
    } else if (asked.name === 'getHistory') {
      for (const message of (result as Reply<'getHistory'>).messages) this.#keep(message);
    } else if (CHANGING.has(asked.name)) {
      this.#keep(answer.message);
      this.#changed(answer.message.rev, answer.duplicate);
    } else if (asked.name === 'appendMessage' || asked.name === 'finishMessage') {
      const reply = result as Reply<'appendMessage'>;
      const { rev, length, duplicate, status } = reply;
      const { seq, text = '' } = asked.payload as Partial<Appended> & { seq: number };
      // If part of the append was there already, only the rest is new; it begins at the append's offset.
      const { offset = length } = asked.payload as Partial<Appended>;
      const sent = { roomId: '', seq, rev, offset, text, ...(status && { status }) };
      if (duplicate === undefined) this.#appended(sent, true);
      this.#changed(rev, duplicate);
    }
  }

  /** Notes a change made by this client; a duplicate need not move the position. */
  #changed(rev: number, duplicate: true | undefined): void {
    if (this.#heardTo === undefined) this.#changedTo = undefined;
    const isNew = this.#heardTo !== undefined && rev > this.#heardTo;
    if (isNew && duplicate === undefined) this.#follows({ rev });
  }

  #joins(answer: Answer<Reply<'joinRoom'>>, since: string | undefined): void {
    assert(answer.ok, 'the join was refused');
    const { position, missed, complete, reset, you, messages } = answer;
    this.joined = true;
    this.you = you;
    this.#heardTo = complete === false ? undefined : revOf(position);
    for (const message of messages) this.#keep(message);
    if (reset === true) this.#reset();
    else if (missed === undefined) this.isWhole = false;
    else this.#misses(missed, since, position, complete === true);
  }

  #catchesUp(reply: Reply<'getMissed'>, after: string | undefined): void {
    if (this.isWhole) return;
    if (reply.reset === true) this.#reset();
    else this.#misses(reply.messages, after, reply.position, reply.complete);
  }

  /** Takes missed messages: all changed since `since`, in order of `rev`. */
  #misses(
    messages: readonly Message[],
    since: string | undefined,
    position: string,
    isComplete: boolean,
  ): void {
    let before = revOf(since ?? '0:0');
    for (const message of messages) {
      assert(message.rev > before, `rev ${message.rev} was not missed after ${before}`);
      before = message.rev;
      this.#keep(message);
    }
    if (revOf(position) < revOf(this.resume)) return;
    this.resume = position;
    this.isWhole = isComplete;
  }

  #reset(): void {
    this.messages.clear();
    this.resume = '0:0';
    this.isWhole = false;
  }

  /** Checks that a broadcast change is the next one. */
  #follows({ rev }: { rev: number }): void {
    if (this.#heardTo !== undefined) assert.equal(rev, this.#heardTo + 1, 'a change is missing');
    this.#heardTo = rev;
    this.#changedTo = rev;
  }

  /**
   * Keeps the later of two states. Of two with the same `rev` it keeps the new, whole one: reactions
   * may have raised the `rev` of a copy that had not caught up with an edit.
   */
  #keep(message: Message): void {
    const kept = this.messages.get(message.seq);
    if (kept === undefined || kept.rev <= message.rev) {
      assert(kept?.deletedAt === undefined || message.deletedAt !== undefined, 'undeleted');
      this.messages.set(message.seq, keptOf(message));
    }
  }

  #reacted({ seq, rev, reactions }: EventPayload<'reactionsUpdated'>): void {
    const kept = this.messages.get(seq);
    assert(kept !== undefined || !this.isWhole, 'a reaction to an unknown message');
    if (kept !== undefined && kept.rev < rev) {
      const { reactions: _, ...rest } = kept;
      const isSome = Object.keys(reactions).length > 0;
      this.messages.set(seq, { ...rest, rev, ...(isSome && { reactions }) });
    }
    this.#follows({ rev });
  }

  /**
   * Takes an append or the end of a stream. If the text before it is unknown here, a page will have it.
   * @param isOwn whether it is a reply: appends of one flush share a `rev`, but have a reply each
   */
  #appended({ seq, rev, offset, text, status }: Appended, isOwn = false): void {
    const kept = this.messages.get(seq);
    assert(kept !== undefined || !this.isWhole, 'text for an unknown message');
    if (kept === undefined || (isOwn ? kept.rev > rev : kept.rev >= rev)) return;
    assert(offset <= kept.message.length || !this.isWhole, 'text is missing');
    if (offset > kept.message.length || kept.streaming !== true) return;
    const { streaming, ...rest } = kept;
    const message = kept.message.slice(0, offset) + text;
    this.messages.set(seq, {
      ...rest,
      rev,
      message,
      ...(status === undefined && { streaming }),
      ...(status !== undefined && status !== 'done' && { status }),
    });
  }

  #reads({ receipts }: EventPayload<'readReceipts'>): void {
    for (const { userId, readUpTo } of receipts) {
      const before = this.#read.get(userId) ?? -1;
      assert(readUpTo > before, `${userId} has read ${readUpTo} after ${before}`);
      this.#read.set(userId, readUpTo);
    }
  }
}
