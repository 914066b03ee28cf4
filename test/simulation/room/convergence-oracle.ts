import assert from 'node:assert/strict';
import type { SqliteFile } from '../../../local-server/sqlite-file.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Role } from '../../../src/protocol/objects.ts';
import type { Kept } from './convergence-copy.ts';

/** A room's state, read from its file without the room's code. */
export class Oracle {
  readonly #file: SqliteFile;
  readonly #roomId: string;

  constructor(file: SqliteFile, roomId: string) {
    this.#file = file;
    this.#roomId = roomId;
  }

  get rev(): number {
    return this.#first<{ rev: number }>('SELECT rev FROM room')?.rev ?? 0;
  }

  /** Every message in its current state, by `seq`. */
  messages(): Map<number, Kept> {
    const rows = this.#all<Record<string, string | number | null>>(
      `SELECT seq, rev, id, sender_id AS senderId, sender, timestamp, edited_at AS editedAt,
        message || coalesce((SELECT group_concat(text, '') FROM
          (SELECT text FROM chunks WHERE chunks.seq = messages.seq ORDER BY start)), '') AS message,
        deleted_at AS deletedAt, reply_to AS replyTo, mentions, meta, reactions, status
        FROM messages ORDER BY seq`,
    );
    return new Map(rows.map((row) => [row['seq'] as number, this.#keptOf(row)]));
  }

  readUpTo(userId: string): number | undefined {
    return this.#first<{ at: number }>(
      "SELECT read_up_to AS at FROM members WHERE user_id = ? AND role <> 'none'",
      userId,
    )?.at;
  }

  /** The reason why a user may not give a command now, or undefined. */
  forbids({ userId, admin }: Identity, name: string, seq: number | undefined, now: number) {
    if (admin === true) return undefined;
    const room = this.#first<{ readOnly: number; private: number }>(
      'SELECT read_only AS readOnly, private FROM room',
    );
    const member = this.#first<{
      role: Role;
      banned: number;
      kickedUntil: number | null;
      mutedUntil: number | null;
    }>(
      `SELECT role, banned, kicked_until AS kickedUntil, muted_until AS mutedUntil
        FROM members WHERE user_id = ?`,
      userId,
    );
    const role = member?.role ?? 'none';
    if (room?.private === 1 && role === 'none') return 'off the list of a private room';
    if (member?.banned === 1) return 'banned';
    if ((member?.kickedUntil ?? 0) > now) return 'kicked';
    const isOwn = this.#senderOf(seq) === userId;
    // Senders may always finish their own streams.
    if (name === 'finishMessage') return isOwn ? undefined : 'not theirs';
    if (name === 'deleteMessage') {
      return isOwn || role === 'owner' || role === 'moderator' ? undefined : 'not theirs';
    }
    if ((member?.mutedUntil ?? 0) > now) return 'muted';
    if (role === 'viewer') return 'a viewer';
    if (room?.readOnly === 1 && role !== 'owner') return 'read-only';
    const isOwnOnly = name === 'editMessage' || name === 'appendMessage';
    return isOwnOnly && !isOwn ? 'not theirs' : undefined;
  }

  /** The banned users, who must have no connection. */
  banned(): Set<string> {
    const rows = this.#all<{ userId: string }>(
      'SELECT user_id AS userId FROM members WHERE banned = 1',
    );
    return new Set(rows.map(({ userId }) => userId));
  }

  /** Checks that counts and derived tables agree with what they are derived from. */
  audit(): void {
    const [room] = this.#all<{ counted: number; listed: number; owned: number; owners: number }>(
      `SELECT member_count AS counted, owned,
        (SELECT count(*) FROM members WHERE role <> 'none') AS listed,
        (SELECT count(*) FROM members WHERE role = 'owner') AS owners FROM room`,
    );
    assert.equal(
      room?.counted ?? 0,
      room?.listed ?? 0,
      'memberCount is not the number of listed users',
    );
    const messages = [...this.messages().values()];
    const reactions = this.#all<{ seq: number; emoji: string; n: number }>(
      'SELECT seq, emoji, count(*) AS n FROM reactions GROUP BY seq, emoji ORDER BY seq, emoji',
    );
    assert.deepEqual(
      messages.flatMap(({ seq, reactions: counts = {} }) =>
        Object.entries(counts)
          .map(([emoji, n]) => ({ seq, emoji, n }))
          .toSorted((a, b) => (a.emoji < b.emoji ? -1 : 1)),
      ),
      reactions.map((row) => ({ ...row })),
      'reaction counts differ from the reactions',
    );
    const mentioned = this.#all<{ seq: number; userId: string }>(
      'SELECT seq, user_id AS userId FROM mentions ORDER BY seq, user_id',
    );
    assert.deepEqual(
      messages.flatMap(({ seq, senderId, mentions = [] }) =>
        mentions
          .filter((userId) => userId !== senderId)
          .toSorted()
          .map((userId) => ({ seq, userId })),
      ),
      mentioned.map((row) => ({ ...row })),
      'the mentions table differs from the messages',
    );
  }

  /** The number of chunks and streams left over from messages that no longer stream. */
  leftOver(): number {
    return this.#all(
      `SELECT seq FROM (SELECT seq FROM chunks UNION ALL SELECT seq FROM streams)
        WHERE seq NOT IN (SELECT seq FROM messages WHERE status = 'streaming')`,
    ).length;
  }

  /** The number of undeleted replies, by the `seq` that they reply to. */
  replyCounts(): Map<number, number> {
    const kept = [...this.messages().values()].filter(({ deletedAt }) => deletedAt === undefined);
    const answers = Map.groupBy(kept, ({ replyTo = 0 }) => replyTo);
    return new Map([...answers].map(([seq, found]) => [seq, found.length]));
  }

  #senderOf(seq: number | undefined): string | undefined {
    if (seq === undefined) return undefined;
    return this.#first<{ by: string }>('SELECT sender_id AS by FROM messages WHERE seq = ?', seq)
      ?.by;
  }

  #keptOf(row: Record<string, string | number | null>): Kept {
    if (row['status'] === 'streaming') return this.#keptOf({ ...row, status: null, streaming: 1 });
    const there = Object.entries(row).filter(([, value]) => value !== null);
    const read = there.map(([name, value]) =>
      name === 'mentions' || name === 'meta' || name === 'reactions'
        ? [name, JSON.parse(String(value))]
        : [name, name === 'streaming' ? true : value],
    );
    return { roomId: this.#roomId, ...Object.fromEntries(read) } as Kept;
  }

  #first<Row>(query: string, ...bindings: (string | number)[]): Row | undefined {
    return this.#all<Row>(query, ...bindings)[0];
  }

  #all<Row>(query: string, ...bindings: (string | number)[]): Row[] {
    return this.#file.isEmpty() ? [] : this.#file.all<Row>(query, ...bindings);
  }
}
