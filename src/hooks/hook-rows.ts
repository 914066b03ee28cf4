import { formatPosition, START } from '../protocol/position.ts';
import type { Database } from '../room/storage/database.ts';

/** A request with changes of a room. */
export interface Batch {
  id: string;
  /** The body, as JSON. */
  body: string;
  /** The position in the room's log after it. */
  position: string;
  hasMore: boolean;
}

/** What is stored about a room. */
export interface HookedRoom {
  /** The position up to which the endpoint has accepted the room's log. */
  position: string;
  /** How often the position was set back: it makes the ids of a replay's requests new ones. */
  replays: number;
  batch: Batch | null;
  /** Since when requests fail, in epoch milliseconds; null where the last one was accepted. */
  failingSince: number | null;
  reason: string | null;
}

/** A room whose requests fail. */
export interface FailingRoom {
  roomId: string;
  since: number;
  reason: string;
}

interface Row extends Omit<HookedRoom, 'batch'> {
  batch: string | null;
}

const UNKNOWN: HookedRoom = {
  position: formatPosition(START),
  replays: 0,
  batch: null,
  failingSince: null,
  reason: null,
};

/** The state of the outgoing webhook, in each room and as a whole. */
export class HookRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The fingerprint of the settings when the webhook last ran, and whether it was stopped; undefined
   * before the first run.
   */
  state(): { fingerprint: string; stopped: number } | undefined {
    return this.#database.first('SELECT fingerprint, stopped FROM hook');
  }

  setState(fingerprint: string, isStopped: boolean): void {
    this.#database.run(
      'INSERT OR REPLACE INTO hook (one, fingerprint, stopped) VALUES (1, ?, ?)',
      fingerprint,
      isStopped ? 1 : 0,
    );
  }

  find(roomId: string): HookedRoom {
    const row = this.#database.first<Row>(
      `SELECT position, replays, batch, failing_since AS failingSince, reason FROM rooms
        WHERE room_id = ?`,
      roomId,
    );
    if (row === undefined) return UNKNOWN;
    return { ...row, batch: row.batch === null ? null : (JSON.parse(row.batch) as Batch) };
  }

  put(roomId: string, { position, replays, batch, failingSince, reason }: HookedRoom): void {
    this.#database.run(
      `INSERT OR REPLACE INTO rooms (room_id, position, replays, batch, failing_since, reason)
        VALUES (?, ?, ?, ?, ?, ?)`,
      roomId,
      position,
      replays,
      batch === null ? null : JSON.stringify(batch),
      failingSince,
      reason,
    );
  }

  /** Drops the request that is being tried, because the room has changed since it was read. */
  dropBatch(roomId: string): void {
    this.#database.run(
      'UPDATE rooms SET batch = NULL WHERE room_id = ? AND batch IS NOT NULL',
      roomId,
    );
  }

  remove(roomId: string): void {
    this.#database.run('DELETE FROM rooms WHERE room_id = ?', roomId);
  }

  countFailing(): number {
    const row = this.#database.first<{ count: number }>(
      'SELECT count(*) AS count FROM rooms WHERE failing_since IS NOT NULL',
    );
    return row?.count ?? 0;
  }

  /** Whether the requests of some room fail for this reason. */
  isFailing(reason: string): boolean {
    const query = 'SELECT 1 FROM rooms WHERE failing_since IS NOT NULL AND reason = ? LIMIT 1';
    return this.#database.first(query, reason) !== undefined;
  }

  /** The rooms whose requests have failed for longest. */
  failing(limit: number): FailingRoom[] {
    return this.#database.all<FailingRoom>(
      `SELECT room_id AS roomId, failing_since AS since, reason FROM rooms
        WHERE failing_since IS NOT NULL ORDER BY failing_since LIMIT ?`,
      limit,
    );
  }
}
