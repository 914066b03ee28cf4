import { fixed } from '../../protocol/codes/limits.ts';
import type { Receipt } from '../../protocol/objects.ts';
import type { Outbox } from '../broadcast/outbox.ts';
import type { Connection, Timer } from '../ports.ts';
import type { Presence } from './presence.ts';

interface Due extends Receipt {
  /** The connection that reported it, which knows. */
  cause: Connection | undefined;
}

/** Gathers read positions, told once a second; never stored here, never twice a user. */
export class Receipts {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #presence: Presence;
  readonly #timer: Timer;
  readonly #due = new Map<string, Due>();
  #isWaiting = false;

  constructor(roomId: string, outbox: Outbox, presence: Presence, timer: Timer) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#presence = presence;
    this.#timer = timer;
  }

  add({ userId, readUpTo }: Receipt, cause: Connection | undefined): void {
    if (!this.#isWaiting) this.#timer.after(fixed.receiptsEveryMs, () => this.#tell());
    this.#isWaiting = true;
    this.#due.set(userId, { userId, readUpTo, cause });
  }

  /** Somebody has been taken out of the room: how far they had read is nobody's to know any more. */
  forget(userId: string): void {
    this.#due.delete(userId);
  }

  /** In a small room everyone hears of everyone; in a large one only a reader's other connections. */
  #tell(): void {
    const due = [...this.#due.values()];
    this.#due.clear();
    this.#isWaiting = false;
    if (this.#presence.count <= fixed.receiptsUsers) {
      for (const connection of this.#presence.joined()) this.#tellOne(connection, due);
      return;
    }
    for (const receipt of due) {
      for (const connection of this.#presence.joinedOf(receipt.userId)) {
        this.#tellOne(connection, [receipt]);
      }
    }
  }

  #tellOne(connection: Connection, due: readonly Due[]): void {
    const receipts = due
      .filter(({ cause }) => cause !== connection)
      .map(({ userId, readUpTo }) => ({ userId, readUpTo }));
    if (receipts.length === 0) return;
    this.#outbox.tellOne(connection, 'readReceipts', { roomId: this.#roomId, receipts });
  }
}
