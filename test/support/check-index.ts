import { expect } from 'vitest';
import type { SqliteFile } from '../../local-server/sqlite-file.ts';
import { indexText } from '../../src/room/search/index-text.ts';
import { searchedText } from '../../src/room/search/searched-text.ts';

/** Where the search index of a room stands: it holds messages above the one, up to the other. */
export interface IndexMarks {
  unindexedTo: number;
  indexed: number;
}

export function marksOf(file: SqliteFile): IndexMarks {
  const query = 'SELECT unindexed_to AS unindexedTo, indexed FROM room';
  return file.all<IndexMarks>(query)[0] ?? { unindexedTo: 0, indexed: 0 };
}

/** Expects that the index is whole and holds the tokens of every message within its marks, alone. */
export function checkIndex(file: SqliteFile): IndexMarks {
  // FTS5 looks through its index itself, and throws where that is not whole.
  file.run("INSERT INTO search (search) VALUES ('integrity-check')");
  const tokens = file.all<{ seq: number; term: string }>(
    'SELECT doc AS seq, term FROM search_tokens ORDER BY doc, offset',
  );
  const held = Object.entries(Object.groupBy(tokens, ({ seq }) => seq)).map(([seq, of = []]) => [
    Number(seq),
    of.map(({ term }) => term).join(' '),
  ]);
  const marks = marksOf(file);
  const due = file.all<{ seq: number; message: string; senderId: string; files: string | null }>(
    `SELECT seq, message, sender_id AS senderId, files FROM messages WHERE deleted_at IS NULL
      AND seq > ${marks.unindexedTo} AND seq <= ${marks.indexed} ORDER BY seq`,
  );
  expect(held).toEqual(
    due.map(({ seq, message, senderId, files }) => {
      const text = searchedText(message, JSON.parse(files ?? '[]') as { name: string }[]);
      return [seq, indexText(text, senderId).toLowerCase()];
    }),
  );
  return marks;
}
