import { memberKeys } from '../../src/protocol/fold.ts';
import { migrations } from '../../src/room/storage/migrations.ts';

/**
 * The rows that earlier versions stored, as the SQL statements that they ran, one list for each
 * schema. They make a room `lobby` with three messages and two members.
 */
const written: readonly (readonly string[])[] = [
  [
    `INSERT INTO room (one, room_id, epoch, rev, horizon, created_at, changed_at, member_count, owned)
      VALUES (1, 'lobby', 'epoch-of-old', 3, 0, 1000, 3000, 2, 1)`,
    `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message, timestamp) VALUES
      (1, 1, 'm1', 'alice', 'Alice', 0, 'the first words', 1000),
      (2, 2, 'm2', 'bob', 'Bob', 1, 'the second words', 2000),
      (3, 3, 'm3', 'alice', 'Alice', 0, 'the third words', 3000)`,
    `INSERT INTO members (user_id, username, unverified, role) VALUES
      ('alice', 'Alice', 0, 'owner'), ('bob', 'Bob', 1, 'member')`,
  ],
  [
    "UPDATE room SET topic = 'old things', rev = 4",
    "UPDATE messages SET message = 'the second words, edited', edited_at = 4000, rev = 4 WHERE seq = 2",
    "INSERT INTO search (search) VALUES ('rebuild')",
    // In this version reactions that look the same, and an invisible one, counted separately.
    `UPDATE messages SET reactions = '{"+1":1,"\u2764":1,"\u2764\uFE0F":2,"\uFE0F":1}' WHERE seq = 1`,
    `INSERT INTO reactions (seq, emoji, user_id) VALUES (1, '+1', 'bob'), (1, '\u2764', 'bob'),
      (1, '\u2764\uFE0F', 'alice'), (1, '\u2764\uFE0F', 'bob'), (1, '\uFE0F', 'bob')`,
    "UPDATE members SET banned = 1 WHERE user_id = 'bob'",
    "INSERT INTO audit (timestamp, by, act, user_id) VALUES (4000, 'alice', 'banMember', 'bob')",
  ],
  [],
  [],
  [],
  [`INSERT INTO member_keys (key, user_id) VALUES ${keyRows()}`],
  [],
  [
    // From this version on, reactions that look the same are one.
    "DELETE FROM reactions WHERE emoji IN ('\u2764', '\uFE0F')",
    `UPDATE messages SET reactions = '{"+1":1,"\u2764\uFE0F":2}' WHERE seq = 1`,
  ],
];

/** The rows of `member_keys` for the two members, as SQL. */
function keyRows(): string {
  const members = [
    { userId: 'alice', username: 'Alice' },
    { userId: 'bob', username: 'Bob' },
  ];
  return members
    .flatMap((member) => memberKeys(member).map((key) => `('${key}', '${member.userId}')`))
    .join(', ');
}

/** The SQL statements that make a file as the version with schema `version` left it. */
export function oldRoom(version: number): string[] {
  const statements = ['CREATE TABLE migrations (version INTEGER PRIMARY KEY)'];
  for (let at = 0; at < version; at++) {
    statements.push(...(migrations[at] ?? []).filter((step) => typeof step === 'string'));
    statements.push(`INSERT INTO migrations (version) VALUES (${at + 1})`);
    statements.push(...(written[at] ?? []));
  }
  return statements;
}

/** The numbers of all schemas before the current one. */
export const oldVersions = migrations.slice(1).map((_, at) => at + 1);

/** The content of a room of schema `version` after the current code has opened it. */
export function oldStory(version: number) {
  const isSecond = version >= 2;
  return {
    position: `epoch-of-old:${isSecond ? 4 : 3}`,
    topic: isSecond ? 'old things' : undefined,
    messages: [
      {
        seq: 1,
        message: 'the first words',
        senderId: 'alice',
        ...(isSecond && { reactions: { '+1': 1, '\u2764\uFE0F': 2 } }),
      },
      {
        seq: 2,
        senderId: 'bob',
        unverified: true,
        ...(isSecond
          ? { rev: 4, message: 'the second words, edited', editedAt: 4000 }
          : { rev: 2, message: 'the second words' }),
      },
      { seq: 3, rev: 3, message: 'the third words', id: 'm3' },
    ],
    bob: isSecond ? 'banned' : 'member',
  };
}
