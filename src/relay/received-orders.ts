import type { Timer } from '../room/ports.ts';
import type { OrderCall } from './exchange.ts';

/** Time after which the relay stores what it has received, in milliseconds. */
const MARK_AFTER_MS = 1_000;

/** The last call that a relay has received; stored, so that the relay knows it after a sleep. */
export interface RelayMark {
  room: number;
  n: number;
  position: string;
  onlineCount: number;
}

interface ReceivedPorts {
  /** What was stored in this life of the relay's sockets. */
  mark: RelayMark | undefined;
  timer: Timer;
  store(mark: RelayMark): void;
}

/** Remembers the room's last call that was executed, and so recognises repeated and outdated ones. */
export class ReceivedOrders {
  readonly #ports: ReceivedPorts;
  #mark: RelayMark | undefined;
  #isStoreDue = false;

  constructor(ports: ReceivedPorts) {
    this.#ports = ports;
    this.#mark = ports.mark;
  }

  /** Whether a call was executed before, or comes from an earlier memory of the room. */
  has({ room, n }: OrderCall, hasSockets: boolean): boolean {
    const known = this.#mark;
    if (known === undefined) return false;
    return room === known.room ? n <= known.n : room < known.room && hasSockets;
  }

  isOfNewRoom({ room }: OrderCall): boolean {
    return this.#mark !== undefined && room > this.#mark.room;
  }

  add(call: OrderCall): void {
    const { room, n } = call;
    const { position, onlineCount } = call.orders.length > 0 ? call : (this.#mark ?? call);
    this.#set({ room, n, position, onlineCount });
  }

  /** The room has a new memory, which counts from 0. @returns what its earlier memory had sent */
  attach(room: number): RelayMark | undefined {
    const mark = this.#mark;
    if (mark !== undefined) this.#set({ ...mark, room, n: 0 });
    return mark;
  }

  #set(mark: RelayMark): void {
    this.#mark = mark;
    if (this.#isStoreDue) return;
    this.#isStoreDue = true;
    this.#ports.timer.after(MARK_AFTER_MS, () => {
      this.#isStoreDue = false;
      if (this.#mark !== undefined) this.#ports.store(this.#mark);
    });
  }
}
