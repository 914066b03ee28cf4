import type { Role } from '../../protocol/objects.ts';
import type { Database } from '../database.ts';
import type { Name } from '../ports.ts';

/** One on the room's list. */
export interface ListedMember extends Name {
  userId: string;
  role: Role;
}

interface Row {
  userId: string;
  username: string;
  unverified: number;
  role: Role;
}

const SELECT = 'SELECT user_id AS userId, username, unverified, role FROM members';

/** The room's list: who has ever done something durable in it, or was put on it. */
export class Members {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(userId: string): ListedMember | undefined {
    return this.#read('WHERE user_id = ?', userId)[0];
  }

  add(member: ListedMember): void {
    this.#database.run(
      'INSERT INTO members (user_id, username, unverified, role) VALUES (?, ?, ?, ?)',
      member.userId,
      member.username,
      member.unverified === true ? 1 : 0,
      member.role,
    );
  }

  rename(userId: string, name: Name): void {
    this.#database.run(
      'UPDATE members SET username = ?, unverified = ? WHERE user_id = ?',
      name.username,
      name.unverified === true ? 1 : 0,
      userId,
    );
  }

  /** Those behind `userId`, by user id. */
  after(userId: string, limit: number): ListedMember[] {
    return this.#read('WHERE user_id > ? ORDER BY user_id LIMIT ?', userId, limit);
  }

  #read(rest: string, ...bindings: (string | number)[]): ListedMember[] {
    return this.#database
      .all<Row>(`${SELECT} ${rest}`, ...bindings)
      .map(({ unverified, ...row }) => ({
        ...row,
        ...(unverified === 1 && { unverified: true as const }),
      }));
  }
}
