/**
 * @import { EventPayload } from '../../../src/protocol/events.ts'
 * @import { Present } from '../../../src/protocol/objects.ts'
 */

/** How long a typing notice stands, in milliseconds. */
const TYPING_LAPSES_MS = 6_000;

/** Who is here, and who of them is typing. */
export class People {
  /** @type {Map<string, Present>} */
  #present = new Map();
  /** @type {Map<string, { username: string, until: number }>} */
  #typing = new Map();
  #count = 0;
  /** In a crowd the room tells a number instead of names. */
  #isCrowd = false;

  /** Everyone whose name is known, by name. */
  get list() {
    return [...this.#present.values()].toSorted((a, b) => a.username.localeCompare(b.username));
  }

  get count() {
    return this.#isCrowd ? this.#count : this.#present.size;
  }

  get isCrowd() {
    return this.#isCrowd;
  }

  /**
   * @param {Present[]} online
   * @param {boolean} isCrowd
   * @param {number} count
   */
  reset(online, isCrowd, count) {
    this.#present = new Map(online.map((user) => [user.userId, user]));
    this.#typing.clear();
    this.#isCrowd = isCrowd;
    this.#count = count;
  }

  /** A page of the list, in the order of the room's events. @param {Present[]} users */
  add(users) {
    for (const user of users) this.#present.set(user.userId, user);
  }

  /** @param {EventPayload<'userJoined'>} user */
  arrived(user) {
    this.#present.set(user.userId, user);
  }

  /** @param {EventPayload<'userLeft'>} user */
  left({ userId }) {
    this.#present.delete(userId);
    this.#typing.delete(userId);
  }

  /** @param {EventPayload<'typing'>} notice @param {number} now */
  typed({ userId, username, isTyping }, now) {
    if (isTyping) this.#typing.set(userId, { username, until: now + TYPING_LAPSES_MS });
    else this.#typing.delete(userId);
  }

  /** A message ends typing. @param {string} userId */
  stoppedTyping(userId) {
    this.#typing.delete(userId);
  }

  /** Names of those who are typing now. @param {number} now */
  typing(now) {
    for (const [userId, { until }] of this.#typing) {
      if (until <= now) this.#typing.delete(userId);
    }
    return [...this.#typing.values()].map(({ username }) => username);
  }

  /** When the next notice lapses, in epoch milliseconds. */
  get nextLapse() {
    return Math.min(...[...this.#typing.values()].map(({ until }) => until));
  }
}
