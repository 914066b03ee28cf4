import { SqliteFile } from '../../local-server/sqlite-file.ts';
import { fixed } from '../../src/protocol/codes/limits.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { Database } from '../../src/room/storage/database.ts';
import { Members } from '../../src/room/storage/members.ts';
import { Messages } from '../../src/room/storage/messages.ts';
import { RoomRow } from '../../src/room/storage/room-row.ts';
import { SearchIndex } from '../../src/room/storage/search-index.ts';
import { SentStates } from '../../src/room/storage/sent-states.ts';

export interface Filling {
  /** The room's file, which no process may have open; made if it is missing. */
  path: string;
  roomId: string;
  /** The number of messages that the room is to have; existing ones stay. */
  messages: number;
  /** The number of members, who speak in turn; the first owns the room. */
  members?: number;
  textOf?: (seq: number) => string;
  /** When the first message was sent, in epoch milliseconds; then one a second. */
  from?: number;
  /** Called now and then with the number of messages so far. */
  progress?: (messages: number) => void;
}

/** Messages in one transaction. */
const AT_ONCE = 20_000;

const WORDS =
  'when shall we meet again in thunder lightning or rain the quick brown fox jumps over a lazy dog'.split(
    ' ',
  );

/** About ten words, different in each message; the last is unique. */
function chatter(seq: number): string {
  const words = Array.from({ length: 9 }, (_, at) => WORDS[(seq * (at + 3) + at) % WORDS.length]);
  return `${words.join(' ')} no${seq}`;
}

/**
 * Fills a room with messages directly through its stores, about 40,000 a second. For tests and
 * measurements of big rooms.
 */
export async function fillRoom({
  path,
  roomId,
  messages: count,
  members: people = 1_000,
  textOf = chatter,
  from = 1_700_000_000_000,
  progress,
}: Filling): Promise<void> {
  const file = new SqliteFile(path, 'process', () => {});
  const database = new Database(file);
  const messages = new Messages(database, roomId);
  const ids = { make: () => crypto.randomUUID() };
  const ports = { clock: { now: () => from }, ids, firstEpoch: ids.make() };
  const room = new RoomRow(database, ports, roomId);
  const search = new SearchIndex(database, room);
  room.ensure();
  enlist(new Members(database, new SentStates(database, true), room), room, people);
  for (let seq = room.read().rev + 1; seq <= count; seq++) {
    const message: Message = {
      roomId,
      seq,
      rev: seq,
      id: `m${seq}`,
      senderId: `user ${seq % people}`,
      sender: `User ${seq % people}`,
      message: textOf(seq),
      timestamp: from + seq * 1_000,
    };
    messages.add(message);
    const isLast = seq === count;
    if (seq % fixed.unindexedRevs === 0 || isLast) {
      room.update('UPDATE room SET rev = ?, changed_at = ?', seq, message.timestamp);
      search.catchUp();
    }
    if (seq % AT_ONCE !== 0 && !isLast) continue;
    file.commit();
    progress?.(seq);
    // Lets the process handle signals.
    await new Promise((resolve) => setImmediate(resolve));
  }
  file.commit();
  file.close();
}

function enlist(members: Members, room: RoomRow, people: number): void {
  let added = 0;
  for (let at = 0; at < people; at++) {
    const userId = `user ${at}`;
    if (members.find(userId) !== undefined) continue;
    const role = at === 0 ? 'owner' : 'member';
    members.put({ userId, username: `User ${at}`, role, readUpTo: 0, banned: false });
    added++;
  }
  room.countMembers(added, true);
}
