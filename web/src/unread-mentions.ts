import type { Message, Room } from '../../src/client/index.ts';
import type { VisibleRange } from './read-tracker.ts';

const PAGE = 100;
/** How many pages after the last read message are searched for mentions. */
const MAX_PAGES = 10;

/** Unread messages that mention this user and have not been in sight, by `seq`. */
export class UnreadMentions {
  readonly #room: Room;
  /** Whether each has been in sight. */
  readonly #known = new Map<number, boolean>();
  #after = Infinity;

  constructor(room: Room) {
    this.#room = room;
  }

  /**
   * Collects the mentions among the messages that are unread now.
   * @param isAll whether all unread messages are loaded
   */
  async begin(isAll: boolean): Promise<void> {
    const { readUpTo, unreadMentions, messages } = this.#room.state;
    this.#after = readUpTo;
    for (const message of messages) this.learn(message);
    if (!isAll && this.#known.size < unreadMentions) await this.#find(readUpTo, unreadMentions);
  }

  /** Takes a message that is new, or has changed. */
  learn(message: Message): void {
    const { seq } = message;
    if (seq <= this.#after) return;
    if (!this.#isToMe(message)) this.#known.delete(seq);
    else if (!this.#known.has(seq)) this.#known.set(seq, false);
  }

  /** Marks the mentions in sight as seen: they need no hint. */
  markSeen({ first, last }: VisibleRange): void {
    for (const seq of this.#known.keys()) {
      if (seq >= first && seq <= last) this.#known.set(seq, true);
    }
  }

  /** Mentions before and after the messages in sight, the nearest ones first. */
  outOfSight({ first, last }: VisibleRange): { above: number[]; below: number[] } {
    const { readUpTo } = this.#room.state;
    const all = [...this.#known]
      .filter(([seq, wasSeen]) => !wasSeen && seq > readUpTo)
      .map(([seq]) => seq)
      .toSorted((a, b) => a - b);
    return {
      above: all.filter((seq) => seq < first).toReversed(),
      below: all.filter((seq) => seq > last),
    };
  }

  #isToMe({ senderId, mentions, deletedAt }: Message): boolean {
    const { you } = this.#room.state;
    if (you === undefined || senderId === you.userId || deletedAt !== undefined) return false;
    return mentions?.includes(you.userId) === true;
  }

  /** Searches from the last read message on; a mention that cannot be loaded gets no hint. */
  async #find(after: number, count: number): Promise<void> {
    for (let page = 0; page < MAX_PAGES && this.#known.size < count; page++) {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      const reply = await this.#room
        .ask('getHistory', { after, limit: PAGE })
        .catch(() => undefined);
      if (reply === undefined) return;
      for (const message of reply.messages) this.learn(message);
      const last = reply.messages.at(-1)?.seq;
      if (last === undefined || !reply.hasMore) return;
      after = last;
    }
  }
}
