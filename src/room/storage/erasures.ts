import type { Database } from './database.ts';

/**
 * `rows`: the user's messages, reactions and acts are being removed. `index`: the search index is to be
 * rewritten; `rewriting`: that is under way. `traces`: the user id is removed; only remains of deleted
 * rows on the disk are left to remove.
 */
export type Phase = 'rows' | 'index' | 'rewriting' | 'traces';

/** The unfinished erasure of one user, or, without a user, a rewriting of the search index. */
export interface Erasure {
  id: number;
  /** The user who asked for it. */
  by: string;
  phase: Phase;
  userId: string | null;
}

const SELECT = 'SELECT id, user_id AS userId, by, phase FROM erasures';

/** Users who are being erased. */
export class Erasures {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The erasure to continue: one at a time, as there is one index to rewrite. */
  first(): Erasure | undefined {
    return this.#database.first<Erasure>(`${SELECT} ORDER BY id LIMIT 1`);
  }

  of(userId: string): Erasure | undefined {
    return this.#database.first<Erasure>(`${SELECT} WHERE user_id = ?`, userId);
  }

  begin(userId: string, by: string): void {
    this.#database.run(
      "INSERT INTO erasures (user_id, by, phase) VALUES (?, ?, 'rows')",
      userId,
      by,
    );
  }

  /** Schedules a rewriting of the index, because much of it is empty. */
  beginRewrite(): void {
    this.#database.run("INSERT INTO erasures (by, phase) VALUES ('', 'index')");
  }

  enter(phase: 'index' | 'rewriting', { id }: Erasure): void {
    this.#database.run('UPDATE erasures SET phase = ? WHERE id = ?', phase, id);
  }

  /** The index is rewritten: only traces of the user are left, and this row must not be one of them. */
  indexed({ id, userId }: Erasure): void {
    if (userId === null) this.#database.run('DELETE FROM erasures WHERE id = ?', id);
    else this.#anonymize(id);
  }

  #anonymize(id: number): void {
    this.#database.run("UPDATE erasures SET phase = 'traces', user_id = NULL WHERE id = ?", id);
  }

  hasTraces(): boolean {
    return this.#database.first("SELECT 1 FROM erasures WHERE phase = 'traces'") !== undefined;
  }

  /** Removes the erasures whose traces are gone. */
  finish(): void {
    this.#database.run("DELETE FROM erasures WHERE phase = 'traces'");
  }
}
