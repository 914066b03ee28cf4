import type { Message, Receipt, You } from '../protocol/objects.ts';

/** The room counts no further: this many means "or more". */
const MOST = 100;

type Counts = Pick<You, 'readUpTo' | 'unread' | 'unreadMentions'>;

/**
 * How far this user and others have read. The room counts what is unread when it is asked; between
 * two such answers every event moves the count, and where an event does not tell enough the room is
 * to be asked again.
 */
export class Reading {
  #userId = '';
  #counts: Counts = { readUpTo: 0, unread: 0, unreadMentions: 0 };
  /** What this user has read, as far as the room has not yet said so. */
  #wanted = 0;
  #receipts: ReadonlyMap<string, number> = new Map();
  /** Whether the room has told of everybody on its list; it does so while that is short. */
  #knowsAll = false;

  get counts(): Readonly<Counts> {
    return { ...this.#counts, readUpTo: Math.max(this.#counts.readUpTo, this.#wanted) };
  }

  /** How far others have read, by user id, as far as the room has told. */
  get receipts(): ReadonlyMap<string, number> {
    return this.#receipts;
  }

  get knowsAll(): boolean {
    return this.#knowsAll;
  }

  /** What the room is still to be told; undefined when it knows. */
  get wanted(): number | undefined {
    return this.#wanted > this.#counts.readUpTo ? this.#wanted : undefined;
  }

  /** The room's own count. @param messages the run that is loaded, from `from` on */
  told(counts: Counts, messages: readonly Message[], from: number, userId = this.#userId): void {
    this.#userId = userId;
    const { readUpTo, unread, unreadMentions } = counts;
    this.#counts = { readUpTo, unread, unreadMentions };
    if (this.wanted !== undefined) this.#guess(messages, from);
  }

  /** This user has read so far; shown at once, where the run reaches. */
  want(readUpTo: number, messages: readonly Message[], from: number): void {
    if (readUpTo <= this.counts.readUpTo) return;
    this.#wanted = readUpTo;
    this.#guess(messages, from);
  }

  /** The room will not have it, or not that far. */
  giveUp(): void {
    this.#wanted = 0;
  }

  #guess(messages: readonly Message[], from: number): void {
    if (this.#wanted + 1 < from) return;
    const above = messages.filter(({ seq }) => seq > this.#wanted);
    this.#counts.unread = Math.min(MOST, above.filter((one) => this.#isUnread(one)).length);
    this.#counts.unreadMentions = Math.min(
      MOST,
      above.filter((one) => this.#mentionsMe(one)).length,
    );
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
    const unread = difference(before, after, (message) => this.#isUnread(message));
    const mentions = difference(before, after, (message) => this.#mentionsMe(message));
    const isSure =
      (unread >= 0 || this.#counts.unread < MOST) &&
      (mentions >= 0 || this.#counts.unreadMentions < MOST);
    this.#counts.unread = within(this.#counts.unread + unread);
    this.#counts.unreadMentions = within(this.#counts.unreadMentions + mentions);
    return !isSure;
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

  /** The room's word about others. @param memberCount how many are on its list, this user too */
  othersTold(receipts: readonly Receipt[] | undefined, memberCount: number): void {
    this.#knowsAll = receipts !== undefined || memberCount < 2;
    if (!this.#knowsAll) return;
    this.#receipts = new Map(receipts?.map(({ userId, readUpTo }) => [userId, readUpTo]));
  }

  /** Whoever acts for the first time has read what was there before; no event tells of that. */
  acted(userId: string, rev: number): void {
    if (!this.#knowsAll || this.#receipts.has(userId)) return;
    this.receipt({ userId, readUpTo: rev - 1 });
  }

  /** Another life of the room: what was read in the one before says nothing. */
  clear(): void {
    this.#wanted = 0;
    this.#receipts = new Map();
  }

  #isUnread({ senderId, deletedAt }: Message): boolean {
    return senderId !== this.#userId && deletedAt === undefined;
  }

  #mentionsMe(message: Message): boolean {
    return this.#isUnread(message) && message.mentions?.includes(this.#userId) === true;
  }
}

function difference(
  before: Message | undefined,
  after: Message,
  counts: (message: Message) => boolean,
): number {
  return Number(counts(after)) - Number(before !== undefined && counts(before));
}

function within(count: number): number {
  return Math.max(0, Math.min(MOST, count));
}
