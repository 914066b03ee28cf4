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
/** One message in this many contains the rare word. */
const RARE_EVERY = 997;
/** One message in this many is of ideographs. */
const IDEOGRAPHIC_EVERY = 10;

const SYLLABLES = Array.from('bdfgklmnprstvz', (c) => Array.from('aeio', (v) => c + v)).flat();
const CHARACTERS = 2_000;

/** The word of a rank in letters: the more common, the shorter. */
function latinWord(rank: number): string {
  const { length } = SYLLABLES;
  const more = Math.floor(rank / length);
  return (more === 0 ? '' : latinWord(more - 1)) + SYLLABLES[rank % length]!;
}

/** The word of a rank in two ideographs; common ones share their characters with many others. */
function ideographicWord(rank: number): string {
  const first = Math.floor(CHARACTERS * (((rank * 617) % CHARACTERS) / CHARACTERS) ** 2);
  return String.fromCodePoint(0x4e00 + first, 0x4e00 + (rank % CHARACTERS));
}

/**
 * Words for searches: one that is in many messages, two that are often next to each other (a room of
 * 10 thousand has more of these than a page holds), one in few, one in none; the beginning of one word
 * and of many, and the same kinds in ideographs.
 */
export const words = {
  common: latinWord(70),
  pair: `${latinWord(0)} ${latinWord(1)}`,
  phrase: `"${latinWord(0)} ${latinWord(1)}"`,
  rare: 'seldom',
  beginning: 'seld',
  broad: 'bag',
  absent: 'never',
  ideographs: ideographicWord(7),
  sentence: ideographicWord(0) + ideographicWord(1),
  ideograph: ideographicWord(7).slice(0, 1),
} as const;

/** The script of a room's messages: letters, or a script without spaces. */
export type Corpus = 'latin' | 'ideographic';

/** Makes messages of ten words, the same sequence for every caller. */
export function corpus(kind: Corpus): () => string {
  const next = seeded(1);
  // A word's share falls with its rank, as in speech (Zipf).
  const rank = () => Math.floor(WORDS ** next()) - 1;
  const word = kind === 'latin' ? latinWord : ideographicWord;
  const between = kind === 'latin' ? ' ' : '';
  return () => Array.from({ length: WORDS_EACH }, () => word(rank())).join(between);
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

/** Writes messages into a room's file until there are `count`. No other process may have it open. */
export async function fill(path: string, roomId: string, count: number): Promise<void> {
  const [latin, ideographic] = [corpus('latin'), corpus('ideographic')];
  const textOf = (seq: number) => {
    if (seq % RARE_EVERY === 0) return `${words.rare} ${latin()}`;
    return seq % IDEOGRAPHIC_EVERY === 0 ? ideographic() : latin();
  };
  const progress = (messages: number) => {
    if (messages % PROGRESS_EVERY === 0) say(`${messages} messages`);
  };
  const from = Date.now() - count * 1_000;
  await fillRoom({ path, roomId, messages: count, members: AUTHORS, textOf, from, progress });
}
