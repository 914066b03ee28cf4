import type { Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Message, Receipt, You } from '../protocol/objects.ts';
import type { Timeline } from './timeline.ts';

/** The room counts no further: this many means "or more". */
const MOST = 100;

const counted = ['unread', 'unreadMentions'] as const;
type Counted = (typeof counted)[number];
type Counts = Pick<You, 'readUpTo' | 'unread' | 'unreadMentions'>;

/**
 * How far this user and others have read. The room counts what is unread when it is asked; between
 * two such answers every event moves the count, and where an event is not enough the room is
 * to be asked again.
 */
export class Reading {
  readonly #timeline: Timeline;
  #userId = '';
  #counts: Counts = { readUpTo: 0, unread: 0, unreadMentions: 0 };
  /** What this user has read, as far as the room has not yet said so. */
  #wanted = 0;
  /**
   * Whether the room is known to keep a position of this user. Until it does, its count says that
   * everything was read, and what comes later is forgotten with the connection.
   */
  #isKept = false;
  #receipts: ReadonlyMap<string, number> = new Map();
  /** Whether the read positions of all members are known: the room sends them in a short list. */
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

  /** The read position that the room does not have yet; undefined when it has it. */
  get wanted(): number | undefined {
    return this.#wanted > (this.#isKept ? this.#counts.readUpTo : 0) ? this.#wanted : undefined;
  }

  /** The room's word about this user and, in a short list, about all others. */
  told({ room, you, receipts }: Pick<Reply<'joinRoom'>, 'room' | 'you' | 'receipts'>): void {
    this.#userId = you.userId;
    this.#counted(you);
    this.#knowsAll = receipts !== undefined || room.memberCount < 2;
    if (!this.#knowsAll) return;
    this.#receipts = new Map(receipts?.map(({ userId, readUpTo }) => [userId, readUpTo]));
  }

  /** The answer to a read position. */
  marked(readUpTo: number, result: Result<Counts>): void {
    // The room knows no position beyond its newest message, and may not have this one.
    if (this.wanted === readUpTo) this.#wanted = 0;
    if (!result.ok) return;
    this.#isKept = true;
    this.#counted(result);
  }

  #counted(counts: Counts): void {
    const { readUpTo, unread, unreadMentions } = counts;
    this.#counts = { readUpTo, unread, unreadMentions };
    if (this.wanted !== undefined) this.#guess();
  }

  /** This user has read so far; shown at once, where the run reaches. */
  want(readUpTo: number): void {
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
   * @param before undefined: not known, or not there
   * @param isNew whether it was not there
   * @returns whether the room must be asked
   */
  heard(before: Message | undefined, after: Message, isNew: boolean): boolean {
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

  /** @returns whether the room must be asked, because another device of this user has read */
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

  /** A user's first change counts as having read everything before it; no event says so. */
  acted(userId: string, rev: number): void {
    if (!this.#knowsAll || this.#receipts.has(userId)) return;
    this.receipt({ userId, readUpTo: rev - 1 });
  }

  /** Another life of the room: what was read in the one before says nothing. */
  clear(): void {
    this.#wanted = 0;
    this.#isKept = false;
    this.#receipts = new Map();
  }

  /** Whether a message counts, as 1 or 0. */
  #is(name: Counted, { senderId, deletedAt, mentions, streaming }: Message): number {
    const isToMe = name === 'unread' || (!streaming && mentions?.includes(this.#userId));
    return senderId !== this.#userId && deletedAt === undefined && isToMe ? 1 : 0;
  }
}

function within(count: number): number {
  return Math.max(0, Math.min(MOST, count));
}
