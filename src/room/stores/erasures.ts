import type { Database } from '../database.ts';

/**
 * `rows`: what the person said and did is being taken out. `index`, `rewriting`: the search index is
 * written anew. `traces`: nobody knows any more who it was; what deleted rows have left on the disk
 * is next.
 */
export type Phase = 'rows' | 'index' | 'rewriting' | 'traces';

/** One person's erasure that is not done. */
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

  /** The one to go on with. */
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

  enter(phase: 'index' | 'rewriting', { id }: Erasure): void {
    this.#database.run('UPDATE erasures SET phase = ? WHERE id = ?', phase, id);
  }

  /** Only traces are left; the row must not be one. */
  anonymize({ id }: Erasure): void {
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
