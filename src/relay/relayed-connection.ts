import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { Frame } from '../room/broadcast/frame.ts';
import type { Connection, ConnectionState } from '../room/ports.ts';
import type { RelayOrder, SentFrame } from './exchange.ts';

/** A connection whose socket a relay holds, as its room knows it. */
export class RelayedConnection implements Connection {
  state: Readonly<ConnectionState>;
  open = true;
  readonly #order: (order: RelayOrder) => void;
  readonly #closed: () => void;

  /** @param closed is called when the room closes it */
  constructor(
    state: ConnectionState,
    order: (order: RelayOrder) => void,
    closed: (id: string) => void,
  ) {
    this.state = state;
    this.#order = order;
    this.#closed = () => closed(state.id);
  }

  /** The relay looks after heartbeats. */
  get lastHeardAt(): undefined {
    return undefined;
  }

  update(change: Partial<ConnectionState>): void {
    this.state = { ...this.state, ...change };
    if (this.open) this.#order({ type: 'update', id: this.state.id, change });
  }

  /** The relay says later where it was dropped. */
  send(frame: Frame): boolean {
    if (this.open) this.#order({ type: 'send', id: this.state.id, frame: sentFrame(frame) });
    return true;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.#order({ type: 'close', id: this.state.id, code, reason });
    this.#closed();
  }
}

export function sentFrame({ lines, position, ephemeral }: Frame): SentFrame {
  return { lines, ...(position !== undefined && { position }), ephemeral };
}
