import type { Reply } from '../protocol/commands.ts';
import type { Present } from '../protocol/objects.ts';

/** Above this many users online the room sends a number instead of names. */
const CROWD = 200;

/** The users who are present. */
export class People {
  #present = new Map<string, Present>();
  #list: readonly Present[] | undefined;
  #count = 0;
  #isComplete = true;

  /** Everyone whose name is known, in the order it became so; the same list until that changes. */
  get list(): readonly Present[] {
    this.#list ??= [...this.#present.values()];
    return this.#list;
  }

  /** Whether all names are known. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get count(): number {
    return this.#isComplete ? this.#present.size : this.#count;
  }

  /** @returns whether the names of more are to be loaded, page by page */
  joined({
    online,
    onlineCount,
    presence,
  }: Pick<Reply<'joinRoom'>, 'online' | 'onlineCount' | 'presence'>): boolean {
    this.#present.clear();
    this.add(online, presence === 'users' && online.length >= onlineCount);
    this.#count = onlineCount;
    return presence === 'users' && !this.#isComplete;
  }

  /** The room was left: presence is not known any more. */
  clear(): void {
    this.#present.clear();
    this.#count = 0;
    this.#isComplete = true;
    this.#list = undefined;
  }

  /** A page, in the order of the room's events. @param isLast whether all are known with it */
  add(page: readonly Present[], isLast: boolean): void {
    for (const user of page) this.#present.set(user.userId, presentOf(user));
    this.#isComplete = isLast;
    this.#list = undefined;
  }

  arrived(user: Present): void {
    this.#count++;
    this.add([user], this.#isComplete);
  }

  /** A user's name may have changed. */
  renamed(user: Present): void {
    if (this.#present.has(user.userId)) this.add([user], this.#isComplete);
  }

  left({ userId }: { userId: string }): void {
    this.#count--;
    this.#present.delete(userId);
    this.#list = undefined;
  }

  /**
   * The room has sent a number, which names received earlier need not match.
   * @returns whether there are few enough to ask for all names again
   */
  counted(onlineCount: number): boolean {
    this.#count = onlineCount;
    this.#isComplete = false;
    return onlineCount <= CROWD;
  }
}

/** The user of a member or of an event, as presence shows them. */
export function presentOf({ userId, username, unverified, bot }: Present): Present {
  return { userId, username, ...(unverified && { unverified }), ...(bot && { bot }) };
}
