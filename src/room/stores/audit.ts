import type { Act } from '../../protocol/objects.ts';
import type { Database } from '../database.ts';

interface Row {
  id: number;
  timestamp: number;
  by: string;
  act: string;
  userId: string | null;
  seq: number | null;
  note: string | null;
  change: string | null;
}

/** What those with rights have done, in order. */
export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(act: Omit<Act, 'id'>): void {
    this.#database.run(
      `INSERT INTO audit (timestamp, by, act, user_id, seq, note, change)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
      act.timestamp,
      act.by,
      act.act,
      act.userId ?? null,
      act.seq ?? null,
      act.note ?? null,
      act.change === undefined ? null : JSON.stringify(act.change),
    );
  }

  /** The newest below `id`, newest first. */
  before(id: number, limit: number): Act[] {
    return this.#database
      .all<Row>(
        `SELECT id, timestamp, by, act, user_id AS userId, seq, note, change
          FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?`,
        id,
        limit,
      )
      .map(actOf);
  }
}

function actOf({ id, timestamp, by, act, userId, seq, note, change }: Row): Act {
  return {
    id,
    timestamp,
    by,
    act,
    ...(userId !== null && { userId }),
    ...(seq !== null && { seq }),
    ...(note !== null && { note }),
    ...(change !== null && { change: JSON.parse(change) as Record<string, unknown> }),
  };
}
