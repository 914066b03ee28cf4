import { emojiKind } from '../../protocol/emoji.ts';
import { isVisible } from '../../protocol/visible.ts';
import type { Sql } from '../ports.ts';

/**
 * Makes one kind of reactions that look the same, in a room that earlier versions have written, and
 * removes those that are invisible. Reads the kinds once; writes only where such a kind is found.
 */
export function mergeReactions(sql: Sql): void {
  const found = sql.all<{ emoji: string }>('SELECT DISTINCT emoji FROM reactions');
  for (const { emoji } of found) {
    const kind = emojiKind(emoji);
    if (kind === emoji) continue;
    const seqs = sql.all<{ seq: number }>(
      'SELECT DISTINCT seq FROM reactions WHERE emoji = ?',
      emoji,
    );
    if (isVisible(kind)) {
      sql.run('UPDATE OR IGNORE reactions SET emoji = ? WHERE emoji = ?', kind, emoji);
    }
    // What is left are second reactions of a user who gave both.
    sql.run('DELETE FROM reactions WHERE emoji = ?', emoji);
    for (const { seq } of seqs) countAgain(sql, seq);
  }
}

function countAgain(sql: Sql, seq: number): void {
  const counts = sql.all<{ emoji: string; count: number }>(
    'SELECT emoji, count(*) AS count FROM reactions WHERE seq = ? GROUP BY emoji',
    seq,
  );
  const reactions = Object.fromEntries(counts.map(({ emoji, count }) => [emoji, count]));
  sql.run(
    'UPDATE messages SET reactions = ? WHERE seq = ?',
    counts.length === 0 ? null : JSON.stringify(reactions),
    seq,
  );
}
