import { type CloseCode, closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Frame } from '../room/broadcast/frame.ts';
import type { Connection, ConnectionState } from '../room/ports.ts';
import type { RelayOrder, SentFrame } from './exchange.ts';

/** Takes what the room gives its connections at one relay. */
export interface RelayEnd {
  order(order: RelayOrder): void;
  /** Whether the orders of this flush leave space for one that sends a frame to a single connection. */
  hasSpaceFor(order: RelayOrder): boolean;
  /** The room has closed a connection. */
  closed(id: string): void;
}

/** A connection whose socket a relay holds, as its room knows it. */
export class RelayedConnection implements Connection {
  state: Readonly<ConnectionState>;
  open = true;
  readonly #relay: RelayEnd;

  constructor(state: ConnectionState, relay: RelayEnd) {
    this.state = state;
    this.#relay = relay;
  }

  /** Undefined, because the relay checks the heartbeat. */
  get lastSeenAt(): undefined {
    return undefined;
  }

  update(change: Partial<ConnectionState>): void {
    this.state = { ...this.state, ...change };
    if (this.open) this.#relay.order({ type: 'update', id: this.state.id, change });
  }

  /**
   * Always true: the relay reports dropped ephemeral frames later, with `lags`. Closes the connection
   * where its relay gets too much at once; its client resumes.
   */
  send(frame: Frame): boolean {
    if (!this.open) return true;
    const { goingAway } = closeCodes;
    const order = { type: 'send' as const, id: this.state.id, frame: sentFrame(frame) };
    if (this.#relay.hasSpaceFor(order)) this.#relay.order(order);
    else this.close(goingAway, closeReasons[goingAway]);
    return true;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.#relay.order({ type: 'close', id: this.state.id, code, reason });
    this.#relay.closed(this.state.id);
  }
}

export function sentFrame({ lines, position, ephemeral, loud }: Frame): SentFrame {
  return {
    lines,
    ...(position !== undefined && { position }),
    ephemeral,
    ...(loud.length > 0 && { loud }),
  };
}
