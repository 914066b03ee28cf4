import type { Role } from '../../protocol/objects.ts';
import type { Database } from '../../room/storage/database.ts';

/** A browser that a user's notifications are pushed to. */
export interface PushSubscription {
  userId: string;
  /** Its name in deliveries. */
  id: string;
  /** The address at the push service for this browser. */
  endpoint: string;
  p256dh: string;
  auth: string;
  /** The `rooms` claim of the token with which it was stored. */
  rooms?: Readonly<Record<string, Role>>;
  /** When it was first stored, in epoch milliseconds; older messages are not pushed. */
  at: number;
}

type Row = Omit<PushSubscription, 'rooms'> & { rooms: string | null };

const SELECT = `SELECT user_id AS userId, id, endpoint, p256dh, auth, rooms, at
  FROM push_subscriptions`;

/** The push subscriptions of all inboxes of this database. */
export class PushSubscriptions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Stores a subscription; a known endpoint keeps its id and age. */
  put({ userId, id, endpoint, p256dh, auth, rooms, at }: PushSubscription): void {
    this.#database.run(
      `INSERT INTO push_subscriptions (user_id, endpoint, id, p256dh, auth, rooms, at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (user_id, endpoint) DO UPDATE
        SET p256dh = excluded.p256dh, auth = excluded.auth, rooms = excluded.rooms`,
      userId,
      endpoint,
      id,
      p256dh,
      auth,
      rooms === undefined ? null : JSON.stringify(rooms),
      at,
    );
  }

  find(id: string): PushSubscription | undefined {
    return this.#read('WHERE id = ?', id)[0];
  }

  findAt(userId: string, endpoint: string): PushSubscription | undefined {
    return this.#read('WHERE user_id = ? AND endpoint = ?', userId, endpoint)[0];
  }

  /** The subscriptions of a user, the oldest first. */
  of(userId: string): PushSubscription[] {
    return this.#read('WHERE user_id = ? ORDER BY at, id', userId);
  }

  has(userId: string): boolean {
    const query = 'SELECT 1 FROM push_subscriptions WHERE user_id = ? LIMIT 1';
    return this.#database.first(query, userId) !== undefined;
  }

  remove({ userId, endpoint }: Pick<PushSubscription, 'userId' | 'endpoint'>): void {
    this.#database.run(
      'DELETE FROM push_subscriptions WHERE user_id = ? AND endpoint = ?',
      userId,
      endpoint,
    );
  }

  #read(rest: string, ...bindings: string[]): PushSubscription[] {
    return this.#database.all<Row>(`${SELECT} ${rest}`, ...bindings).map(({ rooms, ...row }) => ({
      ...row,
      ...(rooms !== null && { rooms: JSON.parse(rooms) as Record<string, Role> }),
    }));
  }
}
