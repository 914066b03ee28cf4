import type { Database } from './database.ts';

/**
 * `rows`: what the person said and did is being taken out. `index`, `rewriting`: the search index is
 * written anew. `traces`: nobody knows any more who it was; what deleted rows have left on the disk
 * is next.
 */
export type Phase = 'rows' | 'index' | 'rewriting' | 'traces';

/** One person's erasure that is not done, or a rewriting of the index that is for nobody's sake. */
export interface Erasure {
  id: number;
  /** Who asked for it. */
  by: string;
  phase: Phase;
  userId: string | null;
}

const SELECT = 'SELECT id, user_id AS userId, by, phase FROM erasures';

/** Who is being erased. */
export class Erasures {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The one to go on with: one after the other, as there is one index to write anew. */
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

  /** The index is to be written anew, because much of it is empty. */
  beginRewrite(): void {
    this.#database.run("INSERT INTO erasures (by, phase) VALUES ('', 'index')");
  }

  enter(phase: 'index' | 'rewriting', { id }: Erasure): void {
    this.#database.run('UPDATE erasures SET phase = ? WHERE id = ?', phase, id);
  }

  /** The index is written; of a person only traces are left, and the row must not be one. */
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

  /** The traces are gone. */
  finish(): void {
    this.#database.run("DELETE FROM erasures WHERE phase = 'traces'");
  }
}
