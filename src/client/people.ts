import type { Present } from '../protocol/objects.ts';

/** The users who are present, as one list of the room says and the events after it. */
export class People {
  readonly #present = new Map<string, Present>();
  #list: readonly Present[] | undefined;
  #count: number;
  /** Whether all names are known. */
  isComplete: boolean;
  /** Whether the room has sent a number since, which names received earlier need not match. */
  isCounted = false;

  /**
   * @param known users whose names are known
   * @param isComplete whether these are all
   * @param count how many there are
   */
  constructor(known: readonly Present[] = [], isComplete = true, count = 0) {
    this.isComplete = isComplete;
    this.#count = count;
    this.add(known);
  }

  /** Everyone whose name is known, in the order it became so; the same list until that changes. */
  get list(): readonly Present[] {
    return (this.#list ??= [...this.#present.values()]);
  }

  get count(): number {
    return this.isComplete ? this.#present.size : this.#count;
  }

  /** In the order of the room's events. */
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

/** The user of a member or of an event, as presence shows them. */
export function presentOf({ userId, username, unverified, bot }: Present): Present {
  return { userId, username, ...(unverified && { unverified }), ...(bot && { bot }) };
}
