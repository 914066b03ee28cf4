import { memberKeys } from '../../protocol/fold.ts';
import type { Sql } from '../ports.ts';

/** Members at once; together their keys stay far below the 2 MB that a Durable Object's SQL binds. */
const BATCH = 100;

interface Row {
  userId: string;
  username: string;
}

/** Writes what the members of a room are found by, in a room that was written before that was kept. */
export function fillMemberKeys(sql: Sql): void {
  let after = '';
  for (;;) {
    const rows = sql.all<Row>(
      `SELECT user_id AS userId, username FROM members
        WHERE user_id > ? AND role <> 'none' ORDER BY user_id LIMIT ?`,
      after,
      BATCH,
    );
    const keys = rows.flatMap((member) => memberKeys(member).map((key) => [key, member.userId]));
    sql.run(
      "INSERT INTO member_keys SELECT value ->> '$[0]', value ->> '$[1]' FROM json_each(?)",
      JSON.stringify(keys),
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.userId;
  }
}
