import type { Present } from '../protocol/objects.ts';

/** The users who are present: those of a list from the room, changed by later events. */
export class People {
  readonly #present = new Map<string, Present>();
  #list: readonly Present[] | undefined;
  #count: number;
  /** Whether all users are known by name. */
  isComplete: boolean;
  /** Whether the room has sent a number since, which may not match the names received earlier. */
  isCounted = false;

  /**
   * @param known the users known by name
   * @param isComplete whether these are all
   * @param count how many there are
   */
  constructor(known: readonly Present[] = [], isComplete = true, count = 0) {
    this.isComplete = isComplete;
    this.#count = count;
    this.add(known);
  }

  /**
   * The users known by name, in the order in which they became known; the same array until
   * that changes.
   */
  get list(): readonly Present[] {
    return (this.#list ??= [...this.#present.values()]);
  }

  get count(): number {
    return this.isComplete ? this.#present.size : this.#count;
  }

  /** Adds users, in the order of the room's events. */
  add(page: readonly Present[]): void {
    for (const user of page) this.#present.set(user.userId, presentOf(user));
    this.#list = undefined;
  }

  arrived(user: Present): void {
    this.#count++;
    this.add([user]);
  }

  /** A user's name may have changed. */
  renamed(user: Present): void {
    if (this.#present.has(user.userId)) this.add([user]);
  }

  left({ userId }: { userId: string }): void {
    this.#count--;
    this.#present.delete(userId);
    this.#list = undefined;
  }

  counted(count: number): void {
    this.#count = count;
    this.isComplete = false;
    this.isCounted = true;
  }
}

/** The user in a member or an event, as presence shows them. */
export function presentOf({ userId, username, unverified, bot }: Present): Present {
  return { userId, username, ...(unverified && { unverified }), ...(bot && { bot }) };
}
