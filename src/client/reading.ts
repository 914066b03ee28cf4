import type { Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Message, Receipt, You } from '../protocol/objects.ts';
import type { Timeline } from './timeline.ts';

/** The room counts no further than this, which means "or more". */
const MOST = 100;

const counted = ['unread', 'unreadMentions'] as const;
type Counted = (typeof counted)[number];
type Counts = Pick<You, 'readUpTo' | 'unread' | 'unreadMentions'>;

/**
 * How far this user and others have read. The room counts unread messages when it is asked; between two
 * such replies events change the counts here, and where an event is not enough the room must be asked
 * again.
 */
export class Reading {
  readonly #timeline: Timeline;
  #userId = '';
  #counts: Counts = { readUpTo: 0, unread: 0, unreadMentions: 0 };
  /** The read position of this user that the room has not confirmed yet. */
  #wanted = 0;
  /**
   * Whether the room is known to store a read position of this user. Until it does, it counts
   * everything as read, and later messages are counted only here, until the connection is lost.
   */
  #isKept = false;
  #receipts: ReadonlyMap<string, number> = new Map();
  /** Whether the read positions of all members are known: the room sends them if it has few members. */
  #knowsAll = false;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get counts(): Readonly<Counts> {
    return { ...this.#counts, readUpTo: Math.max(this.#counts.readUpTo, this.#wanted) };
  }

  /** How far others have read, by user id, as far as the room has sent it. */
  get receipts(): ReadonlyMap<string, number> {
    return this.#receipts;
  }

  get knowsAll(): boolean {
    return this.#knowsAll;
  }

  /** The read position to send to the room; undefined when the room has it. */
  get pending(): number | undefined {
    return this.#wanted > (this.#isKept ? this.#counts.readUpTo : 0) ? this.#wanted : undefined;
  }

  /** Takes the room's counts for this user and, in a small room, the read positions of all others. */
  joined({ room, you, receipts }: Pick<Reply<'joinRoom'>, 'room' | 'you' | 'receipts'>): void {
    this.#userId = you.userId;
    this.#counted(you);
    this.#knowsAll = receipts !== undefined || room.memberCount < 2;
    if (!this.#knowsAll) return;
    this.#receipts = new Map(receipts?.map(({ userId, readUpTo }) => [userId, readUpTo]));
  }

  /** Takes the reply to a read position. */
  marked(readUpTo: number, result: Result<Counts>): void {
    // The room stores no position beyond its newest message, so its reply may be below this one.
    if (this.pending === readUpTo) this.#wanted = 0;
    if (!result.ok) return;
    this.#isKept = true;
    this.#counted(result);
  }

  #counted(counts: Counts): void {
    const { readUpTo, unread, unreadMentions } = counts;
    this.#counts = { readUpTo, unread, unreadMentions };
    if (this.pending !== undefined) this.#guess();
  }

  /** This user has read up to here. The counts change at once if the loaded messages reach that far. */
  markRead(readUpTo: number): void {
    if (readUpTo > this.counts.readUpTo) {
      this.#wanted = readUpTo;
      this.#guess();
    } else if (!this.#isKept) this.#wanted = Math.max(this.#wanted, readUpTo);
  }

  #guess(): void {
    const { from, list } = this.#timeline;
    if (this.#wanted + 1 < from) return;
    const above = list.filter(({ seq }) => seq > this.#wanted);
    for (const name of counted) {
      this.#counts[name] = within(above.filter((message) => this.#is(name, message)).length);
    }
  }

  /**
   * A message was sent or has changed, live.
   * @param before undefined: not known, or a new message
   * @param isNew whether it is a new message
   * @returns whether the room must be asked for the counts
   */
  messageChanged(before: Message | undefined, after: Message, isNew: boolean): boolean {
    if (after.senderId === this.#userId || after.seq <= this.counts.readUpTo) return false;
    if (before === undefined && !isNew) return after.deletedAt !== undefined;
    let isUnsure = false;
    for (const name of counted) {
      const more = this.#is(name, after) - (before ? this.#is(name, before) : 0);
      isUnsure ||= more < 0 && this.#counts[name] === MOST;
      this.#counts[name] = within(this.#counts[name] + more);
    }
    return isUnsure;
  }

  /**
   * @returns whether the room must be asked for the counts, because this user has read on
   * another device
   */
  receipt({ userId, readUpTo }: Receipt): boolean {
    if (userId === this.#userId) {
      if (readUpTo <= this.#counts.readUpTo) return false;
      this.#counts.readUpTo = readUpTo;
      return true;
    }
    if (readUpTo > (this.#receipts.get(userId) ?? -1)) {
      this.#receipts = new Map(this.#receipts).set(userId, readUpTo);
    }
    return false;
  }

  /** A user's first change counts as having read everything before it, without an event of its own. */
  acted(userId: string, rev: number): void {
    if (!this.#knowsAll || this.#receipts.has(userId)) return;
    this.receipt({ userId, readUpTo: rev - 1 });
  }

  /** The room has a new epoch: read positions of the old one no longer apply. */
  clear(): void {
    this.#wanted = 0;
    this.#isKept = false;
    this.#receipts = new Map();
  }

  /** 1 if a message counts, otherwise 0. */
  #is(name: Counted, { senderId, deletedAt, mentions, streaming }: Message): number {
    const isToMe = name === 'unread' || (!streaming && mentions?.includes(this.#userId));
    return senderId !== this.#userId && deletedAt === undefined && isToMe ? 1 : 0;
  }
}

function within(count: number): number {
  return Math.max(0, Math.min(MOST, count));
}
