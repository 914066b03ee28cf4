import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteFile } from '../local-server/sqlite-file.ts';
import { Database } from '../src/room/database.ts';
import { Members } from '../src/room/stores/members.ts';
import { Messages } from '../src/room/stores/messages.ts';
import { RoomRow } from '../src/room/stores/room-row.ts';
import { SearchIndex } from '../src/room/stores/search-index.ts';
import { say } from './stage.ts';

/** Rows that share a transaction. */
const BATCH = 20_000;
const PROGRESS_EVERY = 200_000;
const AUTHORS = 500;
const WORDS = 5_000;
const WORDS_EACH = 10;
/** A message in so many holds the rare word. */
const RARE_EVERY = 997;

/**
 * Words that a search may look for: one in many messages, two that often stand together (a room of
 * 10 thousand has more of these than a page holds), one in few, one in none.
 */
export const words = { common: 'w7', pair: 'w0 w1', rare: 'seldom', absent: 'never' } as const;

/** Where the node host keeps a room. */
export function nodeFile(data: string, roomId: string): string {
  const name = createHash('sha256').update(roomId).digest('hex');
  return join(data, 'rooms', `${name}.sqlite`);
}

/** The file below `data` in which workerd keeps a room that has been written to. */
export function edgeFile(data: string, roomId: string): string {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' });
  const file = files
    .filter((name) => name.endsWith('.sqlite'))
    .map((name) => join(data, name))
    .find((path) => isFileOf(path, roomId));
  if (file === undefined) throw new Error(`The edge host has no file of the room ${roomId}.`);
  return file;
}

function isFileOf(path: string, roomId: string): boolean {
  const database = new DatabaseSync(path);
  try {
    const isRoom = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'room'").all();
    if (isRoom.length === 0) return false;
    return database.prepare('SELECT 1 FROM room WHERE room_id = ?').all(roomId).length > 0;
  } finally {
    database.close();
  }
}

/**
 * Writes messages into a room's file, through the room's own stores, until there are `count`.
 * Nobody else may have the file open.
 */
export async function fill(path: string, roomId: string, count: number): Promise<void> {
  const isNew = !existsSync(path);
  const sql = new SqliteFile(path, 'process', () => undefined);
  const database = new Database(sql);
  const clock = { now: () => Date.now() };
  const room = new RoomRow(database, clock, { make: () => crypto.randomUUID() }, roomId);
  if (isNew) database.atomic(() => room.ensure());
  fillAuthors(database, room);
  const messages = new Messages(database, roomId);
  const search = new SearchIndex(database);
  const { rev: from } = room.read();
  const next = randomFrom(1);
  for (let at = from + 1; at <= count; at += BATCH) {
    const last = Math.min(count, at + BATCH - 1);
    for (let seq = at; seq <= last; seq++) {
      const author = `author${seq % AUTHORS}`;
      const message = {
        roomId,
        seq,
        rev: seq,
        id: `fill-${seq}`,
        senderId: author,
        sender: author,
        message: textOf(seq, next),
        timestamp: Date.now(),
      };
      messages.add(message);
    }
    database.run('UPDATE room SET rev = ?, changed_at = ?', last, Date.now());
    search.catchUp();
    sql.commit();
    if (last % PROGRESS_EVERY === 0) say(`${last} messages`);
    // Signals are heard in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  sql.commit();
  sql.close();
}

function fillAuthors(database: Database, room: RoomRow): void {
  const members = new Members(database);
  for (let at = 0; at < AUTHORS; at++) {
    const name = `author${at}`;
    if (members.find(name) !== undefined) continue;
    members.put({ userId: name, username: name, role: 'member', readUpTo: 0, banned: false });
    room.countMembers(1, false);
  }
}

function textOf(seq: number, next: () => number): string {
  const text: string[] = seq % RARE_EVERY === 0 ? [words.rare] : [];
  // Squared, so that some words are said far more often than others, as in speech.
  while (text.length < WORDS_EACH) text.push(`w${Math.floor(next() ** 2 * WORDS)}`);
  return text.join(' ');
}

/** Numbers from 0 to 1 that are the same every time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
