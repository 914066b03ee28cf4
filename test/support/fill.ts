import { rmSync } from 'node:fs';
import { roomPath } from '../../local-server/node-rooms.ts';
import { SqliteFile } from '../../local-server/sqlite-file.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { Database } from '../../src/room/database.ts';
import { Members } from '../../src/room/stores/members.ts';
import { Messages } from '../../src/room/stores/messages.ts';
import { RoomRow } from '../../src/room/stores/room-row.ts';
import { SearchIndex } from '../../src/room/stores/search-index.ts';

export interface Filling {
  /** Folder of a node host that does not run. */
  dataDir: string;
  roomId: string;
  messages: number;
  /** Who speaks, in turns; the first owns the room. */
  members?: number;
  textOf?: (seq: number) => string;
  /** When the first message was sent, in epoch milliseconds; then one a second. */
  from?: number;
}

/** Messages that share a transaction. */
const AT_ONCE = 20_000;

const WORDS =
  'when shall we meet again in thunder lightning or rain the quick brown fox jumps over a lazy dog'.split(
    ' ',
  );

/** About ten words that differ from message to message; each seq is a word of its own. */
function chatter(seq: number): string {
  const words = Array.from({ length: 9 }, (_, at) => WORDS[(seq * (at + 3) + at) % WORDS.length]);
  return `${words.join(' ')} no${seq}`;
}

/**
 * Makes a room of many messages through the stores, as fast as they can: about 40,000 a second. For
 * tests and measurements of big rooms.
 */
export function fillRoom({
  dataDir,
  roomId,
  messages: count,
  members: people = 1_000,
  textOf = chatter,
  from = 1_700_000_000_000,
}: Filling): void {
  const path = roomPath(dataDir, roomId);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const file = new SqliteFile(path, 'process', () => {});
  const database = new Database(file);
  const stores = {
    messages: new Messages(database, roomId),
    members: new Members(database),
    search: new SearchIndex(database),
    room: new RoomRow(database, { now: () => from }, { make: () => crypto.randomUUID() }, roomId),
  };
  stores.room.ensure();
  for (let at = 0; at < people; at++) {
    stores.members.put({
      userId: `user ${at}`,
      username: `User ${at}`,
      role: at === 0 ? 'owner' : 'member',
      readUpTo: 0,
      banned: false,
    });
  }
  stores.room.countMembers(people, true);
  for (let seq = 1; seq <= count; seq++) {
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
    stores.messages.add(message);
    if (seq % AT_ONCE !== 0 && seq !== count) continue;
    database.run('UPDATE room SET rev = ?, changed_at = ?', seq, message.timestamp);
    stores.search.catchUp();
    file.commit();
  }
  file.commit();
  file.close();
}
