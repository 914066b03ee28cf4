/** @import { Message } from '../../../src/protocol/objects.ts' */

/**
 * The room's messages as far as they are loaded: one unbroken run up to the newest, each once, the
 * state with the higher `rev` winning.
 */
export class Messages {
  /** @type {Message[]} */
  #list = [];
  /** @type {Map<number, Message>} */
  #bySeq = new Map();
  /** Whether the room may hold messages older than the first one here. */
  hasOlder = false;

  /** @returns {readonly Message[]} by `seq` */
  get list() {
    return this.#list;
  }

  /** The lowest `seq` here. */
  get first() {
    return this.#list[0]?.seq;
  }

  clear() {
    this.#list = [];
    this.#bySeq.clear();
    this.hasOlder = false;
  }

  /** A page that reaches up to what is here, or to the newest. @param {readonly Message[]} page */
  addPage(page) {
    let isNew = false;
    for (const message of page) isNew = this.#set(message) || isNew;
    if (isNew) this.#sort();
  }

  /**
   * Messages that were sent or changed. What is older than everything here is left out: it would
   * stand behind a gap, and comes with its page when somebody scrolls there.
   *
   * @param {readonly Message[]} changed
   */
  addChanged(changed) {
    const from = this.hasOlder ? (this.first ?? 0) : 0;
    this.addPage(changed.filter(({ seq }) => seq >= from));
  }

  /** Retention has removed everything below. @param {number} horizon */
  dropBelow(horizon) {
    if ((this.first ?? horizon) >= horizon) return;
    this.#keep(this.#list.filter(({ seq }) => seq >= horizon));
  }

  /** Lets go of the oldest, which can be loaded again. @param {number} count how many to keep */
  keepNewest(count) {
    if (this.#list.length <= count) return;
    this.#keep(this.#list.slice(-count));
    this.hasOlder = true;
  }

  /** @param {Message} message @returns {boolean} whether it was not here before */
  #set(message) {
    const known = this.#bySeq.get(message.seq);
    if (known !== undefined && known.rev >= message.rev) return false;
    this.#bySeq.set(message.seq, message);
    if (known === undefined) {
      this.#list.push(message);
      return true;
    }
    this.#list[this.#list.indexOf(known)] = message;
    return false;
  }

  #sort() {
    this.#list.sort((a, b) => a.seq - b.seq);
  }

  /** @param {Message[]} list */
  #keep(list) {
    this.#list = list;
    this.#bySeq = new Map(list.map((message) => [message.seq, message]));
  }
}
