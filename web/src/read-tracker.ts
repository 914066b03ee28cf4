import type { Message, Room } from '../../src/client/index.ts';
import { indexFrom } from './reply-targets.ts';

/** An unbroken run of messages that is shown, and whether the room has older ones. */
export interface Run {
  messages: readonly Message[];
  hasOlder: boolean;
}

/** `seq` of the first and the last message in sight. */
export interface VisibleRange {
  first: number;
  last: number;
}

/** The room counts unread messages up to this number, which means "or more". */
const MAX_COUNTED = 100;

/**
 * Reports to the room how far this user has read. Only messages that were in sight, and follow the last
 * read one without a gap, count as read. Those that the user jumps over stay unread.
 */
export class ReadTracker {
  readonly #room: Room;
  /** Whether the reader has jumped past unread messages: those above what is in sight were not read. */
  #hasJumped = false;
  #isOnList = false;
  /** The newest message that has been in sight. */
  #seen = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Whether unread messages may be missing before the run. */
  hasGap({ messages, hasOlder }: Run): boolean {
    const { readUpTo, unread, you } = this.#room.state;
    if (unread === 0 || !hasOlder || (messages[0]?.seq ?? Infinity) <= readUpTo) return false;
    if (unread >= MAX_COUNTED) return true;
    const loaded = messages.filter(
      ({ seq, senderId, deletedAt }) =>
        seq > readUpTo && senderId !== you?.userId && deletedAt === undefined,
    );
    return loaded.length < unread;
  }

  /** `seq` of the first message of the run after the last one that was read. */
  firstUnread({ messages }: Run): number | undefined {
    return messages[indexFrom(messages, this.#room.state.readUpTo + 1)]?.seq;
  }

  /** Whether there are unread messages before those in sight. */
  isUnreadAbove(run: Run, sight: VisibleRange | undefined): boolean {
    if (this.#room.state.unread === 0) return false;
    if (this.hasGap(run)) return true;
    const first = this.firstUnread(run);
    return first !== undefined && sight !== undefined && first < sight.first;
  }

  /** How many messages are new; with unread ones above, only those after the newest one seen. */
  countNewer(isUnreadAbove: boolean): number {
    const { messages, unread, you } = this.#room.state;
    if (!isUnreadAbove) return unread;
    const since = messages.slice(indexFrom(messages, this.#seen + 1));
    return since.filter(({ senderId }) => senderId !== you?.userId).length;
  }

  /** Call it when the reader moves to another place without passing the messages between. */
  jumped(): void {
    this.#hasJumped = true;
  }

  /** Marks as read what the reader sees of the run, unless unread messages before it were missed. */
  markSeen(run: Run, sight: VisibleRange | undefined): void {
    const { unread, readUpTo } = this.#room.state;
    if (sight === undefined) return;
    this.#seen = Math.max(this.#seen, sight.last);
    if (this.hasGap(run)) return;
    if (this.#hasJumped) {
      if (this.isUnreadAbove(run, sight)) return;
      this.#hasJumped = false;
    }
    if (unread > 0) {
      if (sight.last > readUpTo) this.#room.markRead(sight.last);
    } else if (!this.#isOnList) {
      // The room counts unread messages only for users on its list, and reading adds them to it.
      this.#isOnList = true;
      this.#room.markRead();
    }
  }

  /** Marks all messages as read. */
  readAll(): void {
    this.#hasJumped = false;
    this.#room.markRead();
  }
}
