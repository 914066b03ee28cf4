import { formatPosition } from '../../protocol/position.ts';
import type { Database } from '../../room/storage/database.ts';
import type { InboxPorts } from '../ports.ts';

/** What is stored about an inbox as a whole. */
export interface Account {
  epoch: string;
  /** Counts the changes of the inbox. */
  rev: number;
  /** States of rooms with a lower version are ignored. */
  floor: number;
  /** The last room that an unfinished rebuild has asked; null: no rebuild is under way. */
  rebuiltTo: string | null;
}

/** One row for each inbox. */
export class Accounts {
  readonly #database: Database;
  readonly #ports: Pick<InboxPorts, 'clock' | 'ids' | 'firstEpochOf'>;

  constructor(database: Database, ports: Pick<InboxPorts, 'clock' | 'ids' | 'firstEpochOf'>) {
    this.#database = database;
    this.#ports = ports;
  }

  read(userId: string): Account {
    return (
      this.#database.first<Account>(
        'SELECT epoch, rev, floor, rebuilt_to AS rebuiltTo FROM inboxes WHERE user_id = ?',
        userId,
      ) ?? { epoch: this.#ports.firstEpochOf(userId), rev: 0, floor: 0, rebuiltTo: null }
    );
  }

  isKnown(userId: string): boolean {
    return this.#database.first('SELECT 1 FROM inboxes WHERE user_id = ?', userId) !== undefined;
  }

  positionOf(userId: string): string {
    return formatPosition(this.read(userId));
  }

  /** Takes the next `rev` of an inbox. */
  nextRev(userId: string): number {
    this.ensure(userId);
    const [row] = this.#database.all<{ rev: number }>(
      'UPDATE inboxes SET rev = rev + 1 WHERE user_id = ? RETURNING rev',
      userId,
    );
    return row?.rev ?? 0;
  }

  ensure(userId: string): void {
    this.#database.run(
      'INSERT OR IGNORE INTO inboxes (user_id, epoch, rev) VALUES (?, ?, 0)',
      userId,
      this.#ports.firstEpochOf(userId),
    );
  }

  setRebuiltTo(userId: string, roomId: string | null): void {
    this.#database.run('UPDATE inboxes SET rebuilt_to = ? WHERE user_id = ?', roomId, userId);
  }

  /** Begins a new epoch: states that rooms have sent before are ignored. */
  restart(userId: string): void {
    this.#database.run(
      'INSERT OR REPLACE INTO inboxes (user_id, epoch, rev, floor) VALUES (?, ?, 0, ?)',
      userId,
      this.#ports.ids.make(),
      this.#ports.clock.now(),
    );
  }
}
