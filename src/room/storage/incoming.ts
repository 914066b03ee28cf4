import type { Incoming } from '../../protocol/objects.ts';
import type { Database } from './database.ts';

const SELECT = `SELECT id, name, created_by AS createdBy, created_at AS createdAt FROM incoming`;

/** Webhooks by which other systems write into the room. Only the hash of a key is stored. */
export class IncomingHooks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All of them, by name; there are at most 50. */
  all(): Incoming[] {
    return this.#database.all<Incoming>(`${SELECT} ORDER BY name`);
  }

  byKey(keyHash: string): Incoming | undefined {
    return this.#database.first<Incoming>(`${SELECT} WHERE key_hash = ?`, keyHash);
  }

  /**
   * Stores a webhook, in place of an earlier one of that name.
   * @param keyHash null: no key is accepted
   */
  put({ id, name, createdBy, createdAt }: Incoming, keyHash: string | null): void {
    this.#database.run(
      `INSERT OR REPLACE INTO incoming (id, name, created_by, created_at, key_hash)
        VALUES (?, ?, ?, ?, ?)`,
      id,
      name,
      createdBy,
      createdAt,
      keyHash,
    );
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM incoming WHERE id = ?', id);
  }

  /** Removes a user's id from the webhooks that they made. */
  forgetMaker(userId: string): void {
    this.#database.run("UPDATE incoming SET created_by = '' WHERE created_by = ?", userId);
  }
}
