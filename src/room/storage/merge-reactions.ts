import { emojiKind } from '../../protocol/emoji.ts';
import { isVisible } from '../../protocol/visible.ts';
import type { Sql } from '../ports.ts';

/**
 * Merges reactions that look the same into one kind, in a room that earlier versions wrote, and removes
 * invisible ones. Reads the kinds once; writes only if it finds such a kind.
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
    // The rows left are invisible, or second reactions of users who gave both kinds.
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
