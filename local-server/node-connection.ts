import { type CloseCode, closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import { backpressure } from '../src/room/broadcast/backpressure.ts';
import type { Frame } from '../src/room/broadcast/frame.ts';
import type { Connection, ConnectionState } from '../src/room/ports.ts';

/** Where a connection's frames go: a native socket, or a transport's link. */
export interface Sink {
  frame(frame: Frame): void;
  close(code: CloseCode, reason: string): void;
  /** Bytes that wait unsent. */
  readonly buffered: () => number | undefined;
  /** When a client that sends heartbeats last gave a sign of life, in epoch milliseconds. */
  lastSeenAt(): number | undefined;
}

/** A connection within this process. */
export class NodeConnection implements Connection {
  readonly #sink: Sink;
  readonly #limits: Limits;
  state: Readonly<ConnectionState>;
  /** Whether its commands are still executed. */
  open = true;
  #hasHungUp = false;
  #closedWith: CloseCode | undefined;

  constructor(state: ConnectionState, sink: Sink, limits: Limits) {
    this.state = state;
    this.#sink = sink;
    this.#limits = limits;
  }

  /** The code with which this side has closed it. */
  get closedWith(): CloseCode | undefined {
    return this.#closedWith;
  }

  get lastSeenAt(): number | undefined {
    return this.#sink.lastSeenAt();
  }

  update(change: Partial<ConnectionState>): void {
    this.state = { ...this.state, ...change };
  }

  send(frame: Frame): boolean {
    if (!this.open || this.#hasHungUp) return true;
    const buffered = this.#sink.buffered();
    const verdict = backpressure({ buffered, sentSinceSign: 0, signAgoMs: 0 }, this.#limits);
    if (verdict === 'tooSlow') this.close(closeCodes.tooSlow, closeReasons[closeCodes.tooSlow]);
    else if (verdict === 'slow' && frame.ephemeral) return false;
    else this.#sink.frame(frame);
    return true;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.#closedWith = code;
    this.#sink.close(code, reason);
  }

  /**
   * The other side has closed: nothing more is sent, while commands that it sent before are executed.
   * @returns false from the second time on
   */
  markPeerClosed(): boolean {
    if (this.#hasHungUp) return false;
    this.#hasHungUp = true;
    return true;
  }

  /** Everything that the other side sent is done; no more commands come. */
  ended(): void {
    this.open = false;
  }
}
