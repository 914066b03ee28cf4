import { fixed } from '../../protocol/codes/limits.ts';
import { foldName, memberKeys } from '../../protocol/fold.ts';
import type { Role } from '../../protocol/objects.ts';
import { marksOf } from '../access/names.ts';
import type { Database } from './database.ts';
import { RowCache } from './row-cache.ts';
import type { RoomRow } from './room-row.ts';
import type { SentStates } from './sent-states.ts';
import type { Name } from '../ports.ts';

/**
 * The room's row about a user. Role `none`: not on the list, but known for another reason, such as a
 * ban.
 */
export interface KnownMember extends Name {
  userId: string;
  role: Role;
  readUpTo: number;
  banned: boolean;
  /** In epoch milliseconds, like `kickedUntil`. */
  mutedUntil?: number | undefined;
  kickedUntil?: number | undefined;
  /** When they last sent under slow mode, in epoch milliseconds. */
  lastSentAt?: number | undefined;
}

/** A row, with the number of the last change to the list that was about this user. */
export type Touched = KnownMember & { touched: number };

type Restored = Omit<Touched, 'unverified' | 'bot'> &
  Partial<Record<'unverified' | 'bot', true | undefined>>;

interface Row {
  userId: string;
  username: string;
  unverified: number;
  bot: number;
  role: Role;
  readUpTo: number;
  banned: number;
  mutedUntil: number | null;
  kickedUntil: number | null;
  lastSentAt: number | null;
}

const SELECT = `SELECT user_id AS userId, username, unverified, role, read_up_to AS readUpTo,
  banned, muted_until AS mutedUntil, kicked_until AS kickedUntil, last_sent_at AS lastSentAt,
  bot, touched FROM members`;

/** Most members kept in memory; with more, all are dropped, and each costs a statement to read again. */
const MAX_KNOWN = 1_000;

/** In SQLite's order no text that begins with a prefix comes after that prefix and this character. */
const LAST_CHARACTER = '\u{10FFFF}';

/** The room's list: users who have changed something durable in it, or were added to it. */
export class Members {
  readonly #database: Database;
  readonly #sentStates: SentStates;
  readonly #room: RoomRow;
  /** By user id; undefined for a user who has no row. */
  readonly #known: RowCache<Map<string, KnownMember | undefined>>;

  constructor(database: Database, sentStates: SentStates, room: RoomRow) {
    this.#database = database;
    this.#sentStates = sentStates;
    this.#room = room;
    this.#known = new RowCache(database, () => new Map());
  }

  find(userId: string): KnownMember | undefined {
    const known = this.#known.value;
    const found = known.get(userId);
    if (found !== undefined || known.has(userId)) return found;
    const [row] = this.#database.all<Row>(`${SELECT} WHERE user_id = ?`, userId);
    if (known.size >= MAX_KNOWN) known.clear();
    const member = row && memberOf(row);
    known.set(userId, member);
    return member;
  }

  /** Writes a user's row. @param updatesInbox whether the user's inbox may need an update */
  put(member: KnownMember, updatesInbox = true): void {
    if (updatesInbox) this.#sentStates.mark(member.userId, 0);
    this.#database.run('UPDATE room SET touched = touched + 1');
    const row = this.#database.first<{ touched: number }>('SELECT touched FROM room');
    this.#write(member, row?.touched ?? 0);
  }

  #write(member: KnownMember, touched: number): void {
    this.#index(member);
    this.#known.value.delete(member.userId);
    this.#database.run(
      `INSERT OR REPLACE INTO members (user_id, username, unverified, role, read_up_to, banned,
        muted_until, kicked_until, last_sent_at, touched, bot)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      member.userId,
      member.username,
      member.unverified === true ? 1 : 0,
      member.role,
      member.readUpTo,
      member.banned ? 1 : 0,
      member.mutedUntil ?? null,
      member.kickedUntil ?? null,
      member.lastSentAt ?? null,
      touched,
      member.bot === true ? 1 : 0,
    );
  }

  /**
   * Writes a member's search keys, if they have changed; most changes of a member leave them as they
   * are.
   */
  #index(member: KnownMember): void {
    const { userId, role } = member;
    const known = this.#keysOf(userId);
    const keys = role === 'none' ? [] : memberKeys(member);
    if (keys.length === known.length && keys.every((key) => known.includes(key))) return;
    this.#database.run('DELETE FROM member_keys WHERE user_id = ?', userId);
    for (const key of keys) {
      this.#database.run('INSERT INTO member_keys (key, user_id) VALUES (?, ?)', key, userId);
    }
  }

  #keysOf(userId: string): string[] {
    return this.#database
      .all<{ key: string }>('SELECT key FROM member_keys WHERE user_id = ?', userId)
      .map(({ key }) => key);
  }

  /**
   * Writes the keys of the next 500 members, in a room that an earlier version wrote without keys. Does
   * nothing in other rooms.
   */
  fillKeys(): void {
    const { keyedTo } = this.#room.read();
    if (keyedTo === null) return;
    const members = this.after(keyedTo, fixed.stepRows);
    for (const member of members) this.#index(member);
    const last = members.length < fixed.stepRows ? undefined : members.at(-1)?.userId;
    this.#room.update('UPDATE room SET keyed_to = ?', last ?? null);
  }

  remove(userId: string): void {
    this.#sentStates.mark(userId, 0);
    this.#known.value.delete(userId);
    this.#database.run('DELETE FROM member_keys WHERE user_id = ?', userId);
    this.#database.run('DELETE FROM members WHERE user_id = ?', userId);
  }

  /** Users who are banned or kicked out now. */
  refused(now: number, limit: number): KnownMember[] {
    return this.#read(
      `WHERE (banned = 1 OR kicked_until IS NOT NULL) AND (banned = 1 OR kicked_until > ?)
        LIMIT ?`,
      now,
      limit,
    );
  }

  isEmpty(): boolean {
    return this.#database.first('SELECT 1 FROM members') === undefined;
  }

  /** The rows that were changed after the given one, in the order of their last changes. */
  touchedAfter(touched: number, userId: string, limit: number): Touched[] {
    return this.#database
      .all<Row & { touched: number }>(
        `${SELECT} WHERE (touched, user_id) > (?, ?) ORDER BY touched, user_id LIMIT ?`,
        touched,
        userId,
        limit,
      )
      .map((row) => ({ ...memberOf(row), touched: row.touched }));
  }

  /** Stores an imported row, unless the row that is there is as new or newer. */
  restore({ touched, unverified, bot, ...member }: Restored): void {
    const known = this.#database.first<{ touched: number }>(
      'SELECT touched FROM members WHERE user_id = ?',
      member.userId,
    );
    if (known === undefined || known.touched < touched)
      this.#write({ ...member, ...marksOf({ unverified, bot }) }, touched);
  }

  /** Members after `userId`, by user id. */
  after(userId: string, limit: number): KnownMember[] {
    return this.#read(
      "WHERE user_id > ? AND role <> 'none' ORDER BY user_id LIMIT ?",
      userId,
      limit,
    );
  }

  /**
   * Users on the list whose id, or a word of whose name, begins with `prefix`, the shortest match
   * first. Reads no more keys than the members it finds have. In a room whose keys are still being
   * written it does a step of that first, and finds only members that have keys.
   */
  named(prefix: string, limit: number): KnownMember[] {
    this.fillKeys();
    const key = foldName(prefix);
    const found = this.#database.all<{ userId: string }>(
      `SELECT DISTINCT user_id AS userId FROM member_keys WHERE key >= ? AND key < ?
        ORDER BY key LIMIT ?`,
      key,
      key + LAST_CHARACTER,
      limit,
    );
    return found.flatMap(({ userId }) => this.find(userId) ?? []);
  }

  /** How many owners there are, counted up to 2. */
  countOwners(): number {
    return this.#database.all("SELECT 1 FROM members WHERE role = 'owner' LIMIT 2").length;
  }

  #read(rest: string, ...bindings: (string | number)[]): KnownMember[] {
    return this.#database.all<Row>(`${SELECT} ${rest}`, ...bindings).map(memberOf);
  }
}

function memberOf(row: Row): KnownMember {
  const { userId, username, role, readUpTo, mutedUntil, kickedUntil, lastSentAt } = row;
  return {
    userId,
    username,
    ...(row.unverified === 1 && { unverified: true as const }),
    ...(row.bot === 1 && { bot: true as const }),
    role,
    readUpTo,
    banned: row.banned === 1,
    ...(mutedUntil !== null && { mutedUntil }),
    ...(kickedUntil !== null && { kickedUntil }),
    ...(lastSentAt !== null && { lastSentAt }),
  };
}
