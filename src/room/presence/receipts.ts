import { events } from '../../protocol/events.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Receipt } from '../../protocol/objects.ts';
import type { Outbox } from '../broadcast/outbox.ts';
import type { Connection, Timer } from '../ports.ts';
import type { Connections } from './connections.ts';
import type { Presence } from './presence.ts';

interface Due extends Receipt {
  /** The id of the connection that reported it, which gets no event of it. */
  by: string | undefined;
}

/** Gathers read positions for one `readReceipts` a second; keeps the last position of each user. */
export class Receipts {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #presence: Presence;
  readonly #connections: Connections;
  readonly #timer: Timer;
  readonly #due = new Map<string, Due>();
  #isWaiting = false;

  constructor(
    roomId: string,
    outbox: Outbox,
    presence: Presence,
    connections: Connections,
    timer: Timer,
  ) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#presence = presence;
    this.#connections = connections;
    this.#timer = timer;
  }

  add({ userId, readUpTo }: Receipt, by: string | undefined): void {
    if (!this.#isWaiting) this.#timer.after(events.readReceipts.everyMs, () => this.#send());
    this.#isWaiting = true;
    this.#due.set(userId, { userId, readUpTo, by });
  }

  /** Drops the waiting read position of a user who was removed from the list. */
  forget(userId: string): void {
    this.#due.delete(userId);
  }

  /** In a small room everyone gets all receipts; in a large one only the reader's own connections. */
  #send(): void {
    const due = [...this.#due.values()];
    this.#due.clear();
    this.#isWaiting = false;
    if (this.#presence.count <= fixed.receiptsUsers) {
      for (const connection of this.#connections.joined()) this.#sendTo(connection, due);
      return;
    }
    for (const receipt of due) {
      for (const connection of this.#connections.joinedOf(receipt.userId)) {
        this.#sendTo(connection, [receipt]);
      }
    }
  }

  #sendTo(connection: Connection, due: readonly Due[]): void {
    const receipts = due
      .filter(({ by }) => by !== connection.state.id)
      .map(({ userId, readUpTo }) => ({ userId, readUpTo }));
    if (receipts.length === 0) return;
    const payload = { roomId: this.#roomId, receipts };
    const audience = { to: 'connection' as const, id: connection.state.id };
    this.#outbox.broadcast({ name: 'readReceipts', payload }, audience);
  }
}
