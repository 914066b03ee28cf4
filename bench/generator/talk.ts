import type { Crowd } from './crowd.ts';
import { Latencies } from './latencies.ts';
import type { Member } from './member.ts';

/** Most messages of one sender that can be under way. */
const SLOTS = 1_024;
const FILL = ' and then a few words, as people say them';
/** Most senders in a room, and at most half of its members. */
const MAX_SENDERS = 20;

/** Matches the refusal of a command, at any transport. */
const REFUSED = /^(?:42)?\["error"|"ok":false/;

const CARET = 94;
const DOT = 46;
const ZERO = 48;

/** What a talk has counted. */
export interface Tally {
  messages: number;
  deliveries: number;
  frames: number;
  answers: number;
}

/**
 * Messages in a room, each with a number in its text. Every delivery is checked: from each sender every
 * other member receives 1, 2, 3 … and all members who only listen receive the same order.
 */
export class Talk {
  readonly tally: Tally = { messages: 0, deliveries: 0, frames: 0, answers: 0 };
  readonly latencies: Latencies;
  /** Sentences about wrong deliveries. */
  readonly faults: string[] = [];
  /** When the last message had reached everyone, on the clock of `performance.now`. */
  deliveredAt = 0;
  /** Called after each message that has reached everyone. */
  onDelivered: () => void = () => undefined;
  readonly #crowd: Crowd;
  readonly #senders: readonly Member[];
  readonly #sent: number[];
  readonly #answered: number[];
  /** Last number received, by receiver and sender. */
  readonly #received: Int32Array;
  /** How many receivers a message under way has not reached, by sender and number. */
  readonly #lacking: Int32Array;
  readonly #sentAt: Float64Array;
  /** For each receiver, a hash of the order in which it has received messages. */
  readonly #order: Int32Array;
  #turn = 0;
  #underWay = 0;

  constructor(crowd: Crowd, latencies: Latencies) {
    this.latencies = latencies;
    const { members } = crowd;
    this.#crowd = crowd;
    const count = Math.min(MAX_SENDERS, Math.floor(members.length / 2));
    this.#senders = members.slice(0, count);
    this.#sent = Array.from({ length: count }, () => 0);
    this.#answered = Array.from({ length: count }, () => 0);
    this.#received = new Int32Array(members.length * count);
    this.#lacking = new Int32Array(count * SLOTS);
    this.#sentAt = new Float64Array(count * SLOTS);
    this.#order = new Int32Array(members.length);
    for (const member of members) member.onFrame = (from, frame) => this.#receive(from, frame);
  }

  /** How many messages have not reached everyone yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Sends a message from the next sender. */
  say(): void {
    const at = this.#turn;
    this.#turn = (at + 1) % this.#senders.length;
    const number = (this.#sent[at] ?? 0) + 1;
    this.#sent[at] = number;
    const slot = at * SLOTS + (number % SLOTS);
    this.#lacking[slot] = this.#crowd.members.length - 1;
    this.#sentAt[slot] = performance.now();
    this.#underWay++;
    this.tally.messages++;
    this.#senders[at]?.say(`^${at}.${number}^${FILL}`);
  }

  /** Whether every message has reached everyone, and was answered if the transport answers. */
  get isSettled(): boolean {
    if (this.#underWay > 0) return false;
    const { transport } = this.#senders[0] ?? {};
    return transport?.answers !== true || this.tally.answers === this.tally.messages;
  }

  /** Called at the end. @returns all faults: also what is missing, and orders that differ */
  judge(): string[] {
    if (!this.isSettled) {
      this.#fault(
        `${this.#underWay} of ${this.tally.messages} messages have not reached everyone, ${this.tally.answers} were answered`,
      );
    }
    const listeners = this.#order.slice(this.#senders.length);
    if (listeners.some((order) => order !== listeners[0])) {
      this.#fault('listeners have received different orders');
    }
    for (const { lost, index } of this.#crowd.members) {
      if (lost !== undefined) this.#fault(`the socket of member ${index} was closed: ${lost}`);
    }
    return this.faults;
  }

  #receive({ index }: Member, frame: string): void {
    let at = frame.indexOf('^');
    if (at === -1) {
      if (REFUSED.test(frame)) this.#fault(`member ${index} received ${frame.slice(0, 200)}`);
      return;
    }
    const now = performance.now();
    this.tally.frames++;
    while (at !== -1) {
      let sender = 0;
      let number = 0;
      let code = frame.charCodeAt(++at);
      for (; code !== DOT; code = frame.charCodeAt(++at)) sender = sender * 10 + code - ZERO;
      code = frame.charCodeAt(++at);
      for (; code !== CARET; code = frame.charCodeAt(++at)) number = number * 10 + code - ZERO;
      if (sender === index) this.#answer(sender, number);
      else this.#deliver(index, sender, number, now);
      at = frame.indexOf('^', at + 1);
    }
  }

  #answer(sender: number, number: number): void {
    if (number !== (this.#answered[sender] ?? 0) + 1) {
      this.#fault(`sender ${sender} got the answer to ${number} after ${this.#answered[sender]}`);
    }
    this.#answered[sender] = number;
    this.tally.answers++;
  }

  #deliver(receiver: number, sender: number, number: number, now: number): void {
    const place = receiver * this.#senders.length + sender;
    const last = this.#received[place] ?? 0;
    if (number !== last + 1) {
      this.#fault(`member ${receiver} received ${number} of sender ${sender} after ${last}`);
    }
    this.#received[place] = number;
    this.#order[receiver] = Math.imul(this.#order[receiver] ?? 0, 31) + sender;
    this.tally.deliveries++;
    const slot = sender * SLOTS + (number % SLOTS);
    this.latencies.add(now - (this.#sentAt[slot] ?? now));
    const lacking = (this.#lacking[slot] ?? 0) - 1;
    this.#lacking[slot] = lacking;
    if (lacking > 0) return;
    this.#underWay--;
    this.deliveredAt = now;
    this.onDelivered();
  }

  #fault(sentence: string): void {
    if (this.faults.length < 10) this.faults.push(sentence);
  }
}
