import type { Sql } from '../ports.ts';
import { indexText } from '../search/index-text.ts';
import { NOTHING } from './search-index.ts';

/** Makes a room with files index its messages again, step by step; other rooms stay as they are. */
export function indexFileNames(sql: Sql): void {
  const [found] = sql.all('SELECT 1 FROM messages WHERE files IS NOT NULL LIMIT 1');
  if (found !== undefined) indexAgain(sql);
}

/**
 * Makes a room with long messages index its messages again, step by step. Earlier versions left some out
 * where many were sent between two steps, and indexed more than 256 marks in a row.
 */
export function indexLongMessages(sql: Sql): void {
  const [found] = sql.all('SELECT 1 FROM messages WHERE length(message) > 256 LIMIT 1');
  if (found !== undefined) indexAgain(sql);
}

function indexAgain(sql: Sql): void {
  sql.run("INSERT INTO search (search) VALUES ('delete-all')");
  // An index that is being rewritten holds this row, which the end of that removes.
  sql.run(
    `INSERT INTO search (rowid, tokens) SELECT ?, ? FROM erasures
      WHERE phase IN ('index', 'rewriting')`,
    NOTHING.seq,
    indexText(NOTHING.text, NOTHING.senderId),
  );
  sql.run('UPDATE room SET unindexed_to = indexed');
}
