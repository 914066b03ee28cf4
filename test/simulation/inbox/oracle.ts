import assert from 'node:assert/strict';
import type { World } from './world.ts';

/** The fields in which an inbox at rest must agree with a room. */
interface Compared {
  topic: string | null;
  role: string;
  readUpTo: number;
  isUnread: boolean;
  unreadMentions: number;
}

/** Compares every inbox with every room, both read from their files without their code. */
export function assertEqual(world: World, users: readonly string[]): void {
  for (const userId of users) {
    const expected: Record<string, Compared> = {};
    for (const roomId of world.rooms.keys()) {
      const conversation = inRoom(world, roomId, userId);
      if (conversation !== undefined) expected[roomId] = conversation;
    }
    assert.deepEqual(inInbox(world, userId), sorted(expected), `the inbox of ${userId}`);
  }
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The conversations in a user's inbox, by room id. */
export function inInbox(world: World, userId: string): Record<string, Compared> {
  const { file } = world.inboxes;
  if (file.isEmpty()) return {};
  const rows = file.all<Omit<Compared, 'isUnread'> & { roomId: string; isUnread: number }>(
    `SELECT room_id AS roomId, topic, role, read_up_to AS readUpTo, unread > 0 AS isUnread,
      unread_mentions AS unreadMentions FROM conversations WHERE user_id = ? AND gone = 0`,
    userId,
  );
  return sorted(
    Object.fromEntries(
      rows.map(({ roomId, isUnread, ...rest }) => [roomId, { ...rest, isUnread: isUnread === 1 }]),
    ),
  );
}

function inRoom(world: World, roomId: string, userId: string): Compared | undefined {
  const { file } = world.room(roomId);
  if (file.isEmpty()) return undefined;
  const [room] = file.all<{ topic: string | null; deletion: string | null; rev: number }>(
    'SELECT topic, deletion, rev FROM room',
  );
  if (room === undefined || room.deletion !== null) return undefined;
  const [member] = file.all<{ role: string; banned: number; readUpTo: number }>(
    'SELECT role, banned, read_up_to AS readUpTo FROM members WHERE user_id = ?',
    userId,
  );
  if (member === undefined || member.role === 'none' || member.banned === 1) return undefined;
  const { role, readUpTo } = member;
  const [chosen] = file.all<{ blocks: number; opened: number; state: string | null }>(
    'SELECT blocks, opened, state FROM told WHERE user_id = ?',
    userId,
  );
  const isBlocking = chosen?.blocks === 1;
  const [counted] = file.all<{ unread: number; mentions: number }>(
    `SELECT (SELECT count(*) FROM messages
        WHERE seq > ?2 AND sender_id <> ?1 AND deleted_at IS NULL) AS unread,
      (SELECT min(count(*), 100) FROM mentions WHERE user_id = ?1 AND seq > ?2) AS mentions`,
    userId,
    readUpTo,
  );
  const isUnread = !isBlocking && counted!.unread > 0;
  // Only the room's `state` says whether the room was shown before the other user was blocked.
  if (roomId.startsWith('direct:') && chosen?.opened !== 1) {
    if (isBlocking ? chosen?.state === null : room.rev === 0) return undefined;
  }
  const unreadMentions = isUnread ? counted!.mentions : 0;
  return { topic: room.topic, role, readUpTo, isUnread, unreadMentions };
}
