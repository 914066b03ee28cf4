import type { Act } from '../../protocol/objects.ts';
import type { Database } from './database.ts';

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

const SELECT = 'SELECT id, timestamp, by, act, user_id AS userId, seq, note, change FROM audit';

/** The audit log: what moderators, owners and admins have done, in order. */
export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(act: Omit<Act, 'id'>): void {
    this.#insert(null, act);
  }

  #insert(id: number | null, act: Omit<Act, 'id'>): void {
    this.#database.run(
      `INSERT INTO audit (id, timestamp, by, act, user_id, seq, note, change)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      act.timestamp,
      act.by,
      act.act,
      act.userId ?? null,
      act.seq ?? null,
      act.note ?? null,
      act.change === undefined ? null : JSON.stringify(act.change),
    );
  }

  /** Entries after `id`, in order. */
  after(id: number, limit: number): Act[] {
    return this.#database
      .all<Row>(`${SELECT} WHERE id > ? ORDER BY id LIMIT ?`, id, limit)
      .map(actOf);
  }

  /** Stores an imported entry, unless it is there already. */
  restore(act: Act): void {
    const known = this.#database.first('SELECT 1 FROM audit WHERE id = ?', act.id);
    if (known === undefined) this.#insert(act.id, act);
  }

  clear(): void {
    this.#database.run('DELETE FROM audit');
  }

  /** Some entries about what a user did, or what was done to them. */
  involving(userId: string, limit: number): Act[] {
    return this.#database
      .all<Row>(
        `${SELECT} WHERE id IN (
          SELECT id FROM audit WHERE by = ?1 UNION SELECT id FROM audit WHERE user_id = ?1 LIMIT ?2
        )`,
        userId,
        limit,
      )
      .map(actOf);
  }

  /**
   * Anonymises an entry: removes the erased user's id, and the note and topic, which may be by or about
   * them.
   */
  forget({ id, by, userId }: Act, erased: string): void {
    this.#database.run(
      `UPDATE audit SET by = ?, user_id = ?, note = NULL, change = json_remove(change, '$.topic')
        WHERE id = ?`,
      by === erased ? '' : by,
      userId === undefined || userId === erased ? null : userId,
      id,
    );
  }

  /** The newest entries below `id`, newest first. */
  before(id: number, limit: number): Act[] {
    return this.#database
      .all<Row>(`${SELECT} WHERE id < ? ORDER BY id DESC LIMIT ?`, id, limit)
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
