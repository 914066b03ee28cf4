import assert from 'node:assert/strict';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { EventPayload } from '../../../src/protocol/events.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { parsePosition } from '../../../src/protocol/position.ts';
import type { FakeSocket, Plug } from '../../unit/room/room-harness.ts';

type Failed = { ok: false; error: { code: string; current?: Message } };
type Answer<R> = ({ ok: true } & R) | Failed;

/** A message but for what is derived when it is read. */
export type Kept = Omit<Message, 'replyCount'>;

/** What a client keeps of a room when it goes. */
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
  /** The position it asks to go on from. */
  after: string | undefined;
  payload: object;
}

type Appended = EventPayload<'messageAppended'>;

/**
 * A client that keeps a copy of a room whose messages change, as the protocol tells it to, and audits
 * the order of what it hears.
 */
export class Copy implements FakeSocket {
  buffered = 0;
  plug: Plug | undefined;
  readonly identity: Identity;
  messages = new Map<number, Kept>();
  /** What to come back with. */
  resume = '0:0';
  /** Whether the copy is whole up to `resume`. */
  isWhole = false;
  joined = false;
  /** The last join reply's `you`. */
  you: Reply<'joinRoom'>['you'] | undefined;
  /** The reply that came last. */
  lastReply: unknown;
  readonly #asked = new Map<number, Asked>();
  #since: string | undefined;
  #nextRef = 0;
  /** The `rev` up to which this connection has heard every change; undefined while that is not known. */
  #heardTo: number | undefined;
  /** The `rev` of the last change heard; undefined where the last reply may be one or not. */
  #changedTo: number | undefined;
  /** How far others have read, as this connection was told. */
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

  /** A new connection begins; nothing was heard on it yet. */
  opening(since: string | undefined): void {
    this.#since = since;
    this.joined = false;
    this.#asked.clear();
    this.#read.clear();
    this.#heardTo = undefined;
  }

  /** The ref of a command that is sent now; `after` is the position it asks to go on from. */
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
    assert(this.plug !== undefined, 'heard something after the end');
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
        assert(!(isOwn && banned === true), 'a banned one heard something more');
        // Who comes onto the list again starts anew.
        if (role === 'none') this.#read.delete(userId);
        break;
      }
      default:
    }
    const isShown = name !== 'ack' && name !== 'joined' && name !== 'position';
    if (isShown) assert(this.joined, `${name} reached one who has not joined`);
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
      // Who causes a change hears of it here, and nowhere else.
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
      // Of a repeated append only the rest was new: it is there from its own offset on.
      const { offset = length } = asked.payload as Partial<Appended>;
      const sent = { roomId: '', seq, rev, offset, text, ...(status && { status }) };
      if (duplicate === undefined) this.#appended(sent, true);
      this.#changed(rev, duplicate);
    }
  }

  /** A change of its own; where it was none, the position need not move. */
  #changed(rev: number, duplicate: true | undefined): void {
    if (this.#heardTo === undefined) this.#changedTo = undefined;
    const isNew = this.#heardTo !== undefined && rev > this.#heardTo;
    if (isNew && duplicate === undefined) this.#follows({ rev });
  }

  #joins(answer: Answer<Reply<'joinRoom'>>, since: string | undefined): void {
    assert(answer.ok, 'a refused join is no join');
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

  /** What was missed: nothing from before, oldest change first. */
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

  /** A change that everybody hears: the next one. */
  #follows({ rev }: { rev: number }): void {
    if (this.#heardTo !== undefined) assert.equal(rev, this.#heardTo + 1, 'a change is missing');
    this.#heardTo = rev;
    this.#changedTo = rev;
  }

  /**
   * Of two states the later counts. Of two with one `rev` it is the whole one: reactions may have
   * raised the `rev` of a copy that had not caught up with an edit.
   */
  #keep(message: Message): void {
    const kept = this.messages.get(message.seq);
    if (kept === undefined || kept.rev <= message.rev) {
      assert(kept?.deletedAt === undefined || message.deletedAt !== undefined, 'came back');
      this.messages.set(message.seq, keptOf(message));
    }
  }

  #reacted({ seq, rev, reactions }: EventPayload<'reactionsUpdated'>): void {
    const kept = this.messages.get(seq);
    assert(kept !== undefined || !this.isWhole, 'a reaction to a message nobody told of');
    if (kept !== undefined && kept.rev < rev) {
      const { reactions: _, ...rest } = kept;
      const isSome = Object.keys(reactions).length > 0;
      this.messages.set(seq, { ...rest, rev, ...(isSome && { reactions }) });
    }
    this.#follows({ rev });
  }

  /**
   * More text, or the end of it. Where the text before is not known here, a page will have all of it.
   * @param isOwn appends of one flush share a `rev`, and each is answered by itself
   */
  #appended({ seq, rev, offset, text, status }: Appended, isOwn = false): void {
    const kept = this.messages.get(seq);
    assert(kept !== undefined || !this.isWhole, 'text for a message nobody told of');
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
