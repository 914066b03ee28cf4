import type { Message, Room } from '../../src/client/index.ts';
import { indexFrom } from './reply-targets.ts';

/** An unbroken run of messages that is shown, and whether the room has older ones. */
export interface Run {
  messages: readonly Message[];
  hasOlder: boolean;
}

/** `seq` of the first and the last message in sight. */
export interface Sight {
  first: number;
  last: number;
}

/** The room counts no further than this: it means "or more". */
const COUNTED = 100;

/**
 * Tells the room how far this user has read: only what followed the last read message without a gap
 * and was in sight. Whatever one jumps over stays unread.
 */
export class ReadTracker {
  readonly #room: Room;
  /** The reader has gone past unread messages: those before the sight were not read. */
  #hasJumped = false;
  #isOnList = false;
  /** The newest message that has been in sight. */
  #seen = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Unread messages may be missing before the run. */
  hasGap({ messages, hasOlder }: Run): boolean {
    const { readUpTo, unread, you } = this.#room.state;
    if (unread === 0 || !hasOlder || (messages[0]?.seq ?? Infinity) <= readUpTo) return false;
    if (unread >= COUNTED) return true;
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

  /** Unread messages stand before what is in sight. */
  isUnreadAbove(run: Run, sight: Sight | undefined): boolean {
    if (this.#room.state.unread === 0) return false;
    if (this.hasGap(run)) return true;
    const first = this.firstUnread(run);
    return first !== undefined && sight !== undefined && first < sight.first;
  }

  /** How many are new; of those that came since, where the reader went past others. */
  countNewer(isUnreadAbove: boolean): number {
    const { messages, unread, you } = this.#room.state;
    if (!isUnreadAbove) return unread;
    const since = messages.slice(indexFrom(messages, this.#seen + 1));
    return since.filter(({ senderId }) => senderId !== you?.userId).length;
  }

  /** The reader has left out what stands between two places. */
  jumped(): void {
    this.#hasJumped = true;
  }

  /** A reader looks at this part of the run. */
  saw(run: Run, sight: Sight | undefined): void {
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
      // The room counts what is unread for users on its list, and reading puts them there.
      this.#isOnList = true;
      this.#room.markRead();
    }
  }

  /** The reader wants no more of what is unread. */
  readAll(): void {
    this.#hasJumped = false;
    this.#room.markRead();
  }
}
