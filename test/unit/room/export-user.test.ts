import { expect, test } from 'vitest';
import type { Reply } from '../../../src/protocol/commands.ts';
import { admin, person, RoomAtHand } from '../../support/room-at-hand.ts';

type Cursor = Reply<'exportUser'>['next'];

/** The lines of a user's export, and the number of its pages. */
function exportOf(room: RoomAtHand, userId: string) {
  const lines: Record<string, unknown>[] = [];
  let pages = 0;
  let cursor: Cursor;
  do {
    const payload = { userId, ...(cursor !== undefined && { cursor }) };
    const { text, next } = room.ask(admin, 'exportUser', payload);
    for (const line of text.split('\n')) {
      if (line !== '') lines.push(JSON.parse(line) as Record<string, unknown>);
    }
    pages++;
    cursor = next;
  } while (cursor !== undefined);
  return { lines, pages };
}

test('[INB10] the export of a user has each of their messages and reactions once, page by page', () => {
  const room = new RoomAtHand();
  const [ann, bob] = [person('ann'), person('bob')];
  for (let at = 0; at < 120; at++) {
    room.ask(ann, 'message', { message: `${at} ${'é'.repeat(4_000)}` });
    room.ask(bob, 'message', { message: `of bob ${at}` });
  }
  for (let seq = 2; seq <= 160; seq += 2) {
    for (const emoji of ['👍', '🎉']) room.ask(ann, 'addReaction', { seq, emoji });
  }
  room.ask(bob, 'addReaction', { seq: 1, emoji: '👍' });
  room.ask(ann, 'deleteMessage', { seq: 1 });
  const { lines, pages } = exportOf(room, 'ann');
  expect(pages).toBeGreaterThan(1);
  const [member, ...rest] = lines;
  expect(member).toMatchObject({ type: 'member', userId: 'ann', username: 'Mx ann' });
  const messages = rest.filter(({ type }) => type === 'message');
  expect(new Set(messages.map(({ seq }) => seq)).size).toBe(119);
  expect(messages).toHaveLength(119);
  const reactions = rest.filter(({ type }) => type === 'reaction');
  expect(new Set(reactions.map(({ seq, emoji }) => `${String(seq)} ${String(emoji)}`)).size).toBe(
    rest.length - 119,
  );
  expect(reactions).toHaveLength(160);
  expect(JSON.stringify(lines)).not.toContain('of bob');
});

test('[INB10] the export of a user is empty in a room that is deleted or does not know them', () => {
  const room = new RoomAtHand();
  room.ask(person('ann'), 'message', { message: 'mine' });
  expect(exportOf(room, 'bob').lines).toEqual([]);
  room.ask(admin, 'deleteRoom', {});
  expect(exportOf(room, 'ann').lines).toEqual([]);
});
