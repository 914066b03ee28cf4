import { expect } from 'vitest';
import type { SqliteFile } from '../../local-server/sqlite-file.ts';
import { indexText } from '../../src/room/search/index-text.ts';
import { searchedText } from '../../src/room/search/searched-text.ts';

/** The range of a room's search index: messages with a `seq` above `unindexedTo`, up to `indexed`. */
export interface IndexMarks {
  unindexedTo: number;
  indexed: number;
}

export function marksOf(file: SqliteFile): IndexMarks {
  const query = 'SELECT unindexed_to AS unindexedTo, indexed FROM room';
  return file.all<IndexMarks>(query)[0] ?? { unindexedTo: 0, indexed: 0 };
}

/** Expects an intact index with exactly the tokens of the messages within its marks. */
export function checkIndex(file: SqliteFile): IndexMarks {
  // FTS5's own check, which throws if the index is damaged.
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
