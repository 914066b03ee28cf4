import type { Delivery, Sql } from '../host/ports.ts';

/**
 * Creates the table: a migration shared by all kinds of objects that have deliveries. These statements
 * never change.
 */
export const CREATE_DELIVERIES: readonly string[] = [
  `CREATE TABLE deliveries (
    target TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    due INTEGER NOT NULL,
    body TEXT,
    PRIMARY KEY (target, key)
  ) WITHOUT ROWID`,
  'CREATE INDEX deliveries_due ON deliveries (due)',
];

/** A delivery without its body. */
export type Attempt = Omit<Delivery, 'body'>;

/** A row; its body is stored only where it cannot be read when it is sent. */
export interface DeliveryRow extends Attempt {
  /** When the next attempt is due, in epoch milliseconds. */
  due: number;
  body: string | null;
}

/** The deliveries owed to targets outside, one row for each target and key. */
export class DeliveryRows {
  readonly #sql: Pick<Sql, 'all' | 'run'>;

  constructor(sql: Pick<Sql, 'all' | 'run'>) {
    this.#sql = sql;
  }

  /**
   * Adds a row that is due now, or raises the version of an existing one, which keeps its attempt and
   * due time. Versions do not repeat after a row is gone: they are never below the clock's time.
   * @param body null where it is read when the delivery is sent
   */
  add(target: string, key: string, now: number, body: string | null): void {
    this.#sql.run(
      `INSERT INTO deliveries (target, key, version, attempt, due, body) VALUES (?, ?, ?, 0, ?, ?)
        ON CONFLICT (target, key) DO UPDATE
        SET version = max(version + 1, excluded.version), body = excluded.body`,
      target,
      key,
      now,
      now,
      body,
    );
  }

  /** The version that waits or is under way; undefined without one. */
  versionOf(target: string, key: string): number | undefined {
    const [row] = this.#sql.all<{ version: number }>(
      'SELECT version FROM deliveries WHERE target = ? AND key = ?',
      target,
      key,
    );
    return row?.version;
  }

  /** The targets of rows that are due, one for each row, the longest due first. */
  dueTargets(now: number, except: Iterable<string>, limit: number): string[] {
    return this.#sql
      .all<{ target: string }>(
        `SELECT target FROM deliveries
          WHERE due <= ? AND target NOT IN (SELECT value FROM json_each(?)) ORDER BY due LIMIT ?`,
        now,
        JSON.stringify([...except]),
        limit,
      )
      .map(({ target }) => target);
  }

  /** Some of a target's rows that are due. */
  due(target: string, now: number, limit: number): DeliveryRow[] {
    return this.#sql.all<DeliveryRow>(
      `SELECT target, key, version, attempt, due, body FROM deliveries
        WHERE target = ? AND due <= ? LIMIT ?`,
      target,
      now,
      limit,
    );
  }

  /** When the first row that is not due yet becomes due; Infinity without one. */
  nextDue(now: number): number {
    const [row] = this.#sql.all<{ due: number | null }>(
      'SELECT min(due) AS due FROM deliveries WHERE due > ?',
      now,
    );
    return row?.due ?? Infinity;
  }

  /** When the first row is due, possibly in the past; undefined without rows. */
  firstDue(): number | undefined {
    const [row] = this.#sql.all<{ due: number | null }>('SELECT min(due) AS due FROM deliveries');
    return row?.due ?? undefined;
  }

  /** Removes what was delivered; a newer version stays, its count of attempts starting again. */
  acknowledge({ target, key, version, attempt }: Attempt): void {
    this.#sql.run(
      'DELETE FROM deliveries WHERE target = ? AND key = ? AND version = ?',
      target,
      key,
      version,
    );
    if (attempt === 0) return;
    this.#sql.run('UPDATE deliveries SET attempt = 0 WHERE target = ? AND key = ?', target, key);
  }

  /** Postpones the next attempt after a failed one, also of a newer version. */
  postpone({ target, key }: Attempt, due: number): void {
    this.#sql.run(
      'UPDATE deliveries SET attempt = attempt + 1, due = ? WHERE target = ? AND key = ?',
      due,
      target,
      key,
    );
  }

  /** Makes rows due now that are far in the future because the clock was set back. */
  bringForward(now: number, latest: number): void {
    const query = 'SELECT 1 FROM deliveries WHERE due > ? LIMIT 1';
    if (this.#sql.all(query, latest).length === 0) return;
    this.#sql.run('UPDATE deliveries SET due = ? WHERE due > ?', now, latest);
  }

  /** Makes all rows of one target, or of all targets, due now, as if nothing had failed. */
  restart(now: number, target: string | null): void {
    this.#sql.run(
      'UPDATE deliveries SET due = ?, attempt = 0 WHERE target = coalesce(?, target)',
      now,
      target,
    );
  }

  /** Removes a target's rows with other keys than these. */
  drop(target: string, except: readonly string[]): void {
    this.#sql.run(
      `DELETE FROM deliveries
        WHERE target = ? AND key NOT IN (SELECT value FROM json_each(?))`,
      target,
      JSON.stringify(except),
    );
  }

  /** Whether a target has a row with another key than these. */
  has(target: string, except: readonly string[]): boolean {
    const rows = this.#sql.all(
      `SELECT 1 FROM deliveries
        WHERE target = ? AND key NOT IN (SELECT value FROM json_each(?)) LIMIT 1`,
      target,
      JSON.stringify(except),
    );
    return rows.length > 0;
  }

  /** All rows. */
  all(): DeliveryRow[] {
    return this.#sql.all<DeliveryRow>(
      'SELECT target, key, version, attempt, due, body FROM deliveries',
    );
  }

  insert({ target, key, version, attempt, due, body }: DeliveryRow): void {
    this.#sql.run(
      `INSERT INTO deliveries (target, key, version, attempt, due, body)
        VALUES (?, ?, ?, ?, ?, ?)`,
      target,
      key,
      version,
      attempt,
      due,
      body,
    );
  }
}
