import type { Sql } from '../ports.ts';

/** Makes a room with files index its messages again, step by step; other rooms stay as they are. */
export function indexFileNames(sql: Sql): void {
  const [found] = sql.all('SELECT 1 FROM messages WHERE files IS NOT NULL LIMIT 1');
  if (found === undefined) return;
  sql.run("INSERT INTO search (search) VALUES ('delete-all')");
  sql.run('UPDATE room SET unindexed_to = CASE importing WHEN 1 THEN rev ELSE indexed END');
}
