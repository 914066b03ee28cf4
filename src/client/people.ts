import type { Present } from '../protocol/objects.ts';

/** The users who are present, as one list of the room says and the events after it. */
export class People {
  readonly #present = new Map<string, Present>();
  #list: readonly Present[] | undefined;
  #count: number;
  #isComplete = true;
  /** Whether the room has sent a number since, which names received earlier need not match. */
  isCounted = false;

  /**
   * @param known users whose names are known
   * @param isComplete whether these are all
   * @param count how many there are
   */
  constructor(known: readonly Present[] = [], isComplete = true, count = 0) {
    this.#count = count;
    this.add(known, isComplete);
  }

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

  counted(count: number): void {
    this.#count = count;
    this.#isComplete = false;
    this.isCounted = true;
  }
}

/** The user of a member or of an event, as presence shows them. */
export function presentOf({ userId, username, unverified, bot }: Present): Present {
  return { userId, username, ...(unverified && { unverified }), ...(bot && { bot }) };
}
