import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fillRoom } from '../test/support/fill.ts';
import { seeded } from '../test/support/seeded.ts';
import { say } from './stage.ts';

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

/** Writes messages into a room's file until there are `count`. Nobody else may have it open. */
export async function fill(path: string, roomId: string, count: number): Promise<void> {
  const next = seeded(1);
  const textOf = (seq: number) => {
    const text: string[] = seq % RARE_EVERY === 0 ? [words.rare] : [];
    // Squared, so that some words are said far more often than others, as in speech.
    while (text.length < WORDS_EACH) text.push(`w${Math.floor(next() ** 2 * WORDS)}`);
    return text.join(' ');
  };
  const progress = (messages: number) => {
    if (messages % PROGRESS_EVERY === 0) say(`${messages} messages`);
  };
  const from = Date.now() - count * 1_000;
  await fillRoom({ path, roomId, messages: count, members: AUTHORS, textOf, from, progress });
}
