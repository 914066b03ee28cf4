import type { ConversationState, Totals } from '../../protocol/inbox-objects.ts';
import type { Database } from '../../room/storage/database.ts';

/** What an inbox stores about a room: the room's last state, and the user's own choices. */
export interface StoredConversation extends Omit<
  ConversationState,
  'version' | 'gone' | 'notice' | 'since'
> {
  roomId: string;
  /** The inbox's own `rev`. */
  inboxRev: number;
  version: number;
  gone: boolean;
  pinned: boolean;
  archived: boolean;
  unreadFrom: number | null;
  draft: string | null;
}

/** The choices of a user that only the inbox stores. */
export type OwnChoices = Pick<StoredConversation, 'pinned' | 'archived' | 'unreadFrom' | 'draft'>;

export type Filter = 'unread' | 'mentions' | 'direct' | 'archived';

interface Row {
  roomId: string;
  inboxRev: number;
  version: number;
  asOf: number;
  gone: number;
  kind: 'room' | 'direct';
  topic: string | null;
  withUser: string | null;
  last: string | null;
  role: StoredConversation['role'];
  readUpTo: number;
  unread: number;
  unreadMentions: number;
  notify: StoredConversation['notify'];
  at: number;
  pinned: number;
  archived: number;
  unreadFrom: number | null;
  draft: string | null;
}

const SELECT = `SELECT room_id AS roomId, rev AS inboxRev, version, as_of AS asOf, gone, kind,
  topic, with_user AS withUser, last, role, read_up_to AS readUpTo, unread,
  unread_mentions AS unreadMentions, notify, activity_at AS at, pinned, archived,
  unread_from AS unreadFrom, draft FROM conversations`;

const IS_UNREAD = '(unread > 0 OR unread_from IS NOT NULL)';

/** Archived conversations are only in a list of their own. */
const conditions: Record<Filter | 'all', string> = {
  all: 'archived = 0',
  unread: `archived = 0 AND ${IS_UNREAD}`,
  mentions: 'archived = 0 AND unread_mentions > 0',
  direct: "archived = 0 AND kind = 'direct'",
  archived: 'archived = 1',
};

/** The conversations of all inboxes of this database. */
export class Conversations {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(userId: string, roomId: string): StoredConversation | undefined {
    return this.#read('WHERE user_id = ? AND room_id = ?', userId, roomId)[0];
  }

  put(userId: string, { roomId, ...conversation }: StoredConversation): void {
    const { topic, with: other, last } = conversation;
    this.#database.run(
      `INSERT OR REPLACE INTO conversations (user_id, room_id, rev, version, as_of, gone, kind,
        topic, with_user, last, role, read_up_to, unread, unread_mentions, notify, activity_at,
        pinned, archived, unread_from, draft)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      userId,
      roomId,
      conversation.inboxRev,
      conversation.version,
      conversation.asOf,
      conversation.gone ? 1 : 0,
      conversation.kind,
      topic ?? null,
      other === undefined ? null : JSON.stringify(other),
      last === undefined ? null : JSON.stringify(last),
      conversation.role,
      conversation.readUpTo,
      conversation.unread,
      conversation.unreadMentions,
      conversation.notify,
      conversation.at,
      conversation.pinned ? 1 : 0,
      conversation.archived ? 1 : 0,
      conversation.unreadFrom,
      conversation.draft,
    );
  }

  /**
   * A page of a list, after the conversation `after`: pinned ones first, then by activity,
   * newest first.
   */
  page(
    userId: string,
    filter: Filter | undefined,
    after: StoredConversation | undefined,
    limit: number,
  ): StoredConversation[] {
    const where = `WHERE user_id = ? AND gone = 0 AND ${conditions[filter ?? 'all']}`;
    const order = 'ORDER BY pinned DESC, activity_at DESC, room_id DESC LIMIT ?';
    if (after === undefined) return this.#read(`${where} ${order}`, userId, limit);
    return this.#read(
      `${where} AND (pinned, activity_at, room_id) < (?, ?, ?) ${order}`,
      userId,
      after.pinned ? 1 : 0,
      after.at,
      after.roomId,
      limit,
    );
  }

  /** The conversations that changed after `rev`, oldest change first; also those that are gone. */
  changedAfter(userId: string, rev: number, limit: number): StoredConversation[] {
    return this.#read('WHERE user_id = ? AND rev > ? ORDER BY rev LIMIT ?', userId, rev, limit);
  }

  /**
   * The ids of all rooms that the inbox ever held, except those that have erased the user; after
   * `roomId`, in order.
   */
  roomsAfter(userId: string, roomId: string, limit: number): string[] {
    return this.#database
      .all<{ roomId: string }>(
        `SELECT room_id AS roomId FROM conversations
          WHERE user_id = ? AND room_id > ? AND erased = 0 ORDER BY room_id LIMIT ?`,
        userId,
        roomId,
        limit,
      )
      .map((row) => row.roomId);
  }

  countAfter(userId: string, roomId: string): number {
    const row = this.#database.first<{ n: number }>(
      `SELECT count(*) AS n FROM conversations
        WHERE user_id = ? AND room_id > ? AND erased = 0`,
      userId,
      roomId,
    );
    return row?.n ?? 0;
  }

  /** The rooms on whose list the user is, except direct ones; at most the 1,000 latest by activity. */
  sharedRooms(userId: string): string[] {
    return this.#database
      .all<{ roomId: string }>(
        `SELECT room_id AS roomId FROM conversations
          WHERE user_id = ? AND gone = 0 AND kind = 'room' ORDER BY activity_at DESC LIMIT ?`,
        userId,
        1_000,
      )
      .map((row) => row.roomId);
  }

  /** Conversations that are unread or marked as unread; muted ones are left out. */
  unread(userId: string): Pick<StoredConversation, 'roomId' | 'unreadMentions'>[] {
    return this.#database.all(
      `SELECT room_id AS roomId, unread_mentions AS unreadMentions FROM conversations
        WHERE user_id = ? AND gone = 0 AND ${IS_UNREAD} AND notify <> 'none'`,
      userId,
    );
  }

  totals(userId: string): Totals {
    const row = this.#database.first<Totals>(
      `SELECT count(*) AS unread, coalesce(sum(unread_mentions > 0), 0) AS mentions
        FROM conversations
        WHERE user_id = ? AND gone = 0 AND ${IS_UNREAD} AND notify <> 'none'`,
      userId,
    );
    return row ?? { unread: 0, mentions: 0 };
  }

  /**
   * Marks that the room has erased the user: only its version stays, by which its earlier states
   * are ignored.
   * @param version the one before the room was asked: a newer state is kept
   */
  markErased(userId: string, roomId: string, version: number): void {
    this.#database.run(
      `UPDATE conversations SET erased = 1, gone = 1, topic = NULL, with_user = NULL, last = NULL,
        unread = 0, unread_mentions = 0, pinned = 0, archived = 0, unread_from = NULL, draft = NULL
        WHERE user_id = ? AND room_id = ? AND version = ?`,
      userId,
      roomId,
      version,
    );
  }

  forget(userId: string): void {
    this.#database.run('DELETE FROM conversations WHERE user_id = ?', userId);
  }

  #read(rest: string, ...bindings: (string | number)[]): StoredConversation[] {
    return this.#database.all<Row>(`${SELECT} ${rest}`, ...bindings).map(conversationIn);
  }
}

/** Whether a conversation may have more unread messages than its room has sent. */
export function isInexact({ gone, unread }: StoredConversation): boolean {
  return !gone && unread > 0 && unread < UNREAD_COUNTED;
}

/** Counts go no further than this; see `fixed.unreadCounted`. */
const UNREAD_COUNTED = 100;

function conversationIn(row: Row): StoredConversation {
  const { topic, withUser, last, gone, pinned, archived, ...rest } = row;
  return {
    ...rest,
    ...(topic !== null && { topic }),
    ...(withUser !== null && {
      with: JSON.parse(withUser) as NonNullable<StoredConversation['with']>,
    }),
    ...(last !== null && { last: JSON.parse(last) as NonNullable<StoredConversation['last']> }),
    gone: gone === 1,
    pinned: pinned === 1,
    archived: archived === 1,
  };
}
