import { expect, it } from 'vitest';
import page from '../../docs/operating.md?raw';
import { join, newRoom, within } from './client.ts';

/** The sentence of docs/operating.md about the rows that commands write, as Cloudflare counts them. */
const SAID =
  /A message writes (\d+) rows with its share of the search index, an edit (\d+), a reaction (\d+), a read position (\d+), and joining, typing and reading none/;

const MANY = 100;

it('commands write as many rows as docs/operating.md says', async () => {
  const roomId = newRoom();
  const alice = await join(roomId, 'alice');
  const bob = await join(roomId, 'bob');
  await alice.ask('message', { message: 'the first founds the room' });
  await bob.ask('message', { message: 'everybody is on the list now' });

  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  await within(roomId, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    sql.exec = ((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args);
      cursors.push(cursor);
      return cursor;
    }) as typeof sql.exec;
  });
  const written = async (act: () => Promise<unknown>) => {
    await act();
    return within(roomId, () =>
      cursors.splice(0).reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    );
  };

  // A second after a command the room also writes inbox updates, on a busy machine at any time; so the
  // lowest count of several runs is what the command itself writes.
  const reads: number[] = [];
  for (const readUpTo of [3, 4, 5, 6, 7]) {
    await written(() => alice.ask('message', { message: 'to be read' }));
    reads.push(await written(() => bob.ask('markRead', { readUpTo })));
  }
  const messages = await written(async () => {
    for (let said = 0; said < MANY; said++) {
      await alice.ask('message', { message: `ten words make up one message such as this ${said}` });
    }
    // The search brings all of them into the index.
    await alice.ask('searchMessages', { query: 'words' });
  });
  const edits: number[] = [];
  const reactions: number[] = [];
  for (const letter of ['a', 'b', 'c', 'd', 'e']) {
    // Not the newest message, which inboxes show: its edit would write inbox updates too.
    edits.push(await written(() => alice.ask('editMessage', { seq: 3, message: letter })));
    reactions.push(await written(() => alice.ask('addReaction', { seq: 2, emoji: letter })));
  }
  const least = [edits, reactions, reads].map((rows) => Math.min(...rows));
  expect([Math.round(messages / MANY), ...least]).toEqual(SAID.exec(page)?.slice(1).map(Number));
  const others = [
    await written(() => bob.ask('typing')),
    await written(() => bob.ask('getHistory')),
    await written(() => join(roomId, 'carol')),
  ];
  expect(others).toEqual([0, 0, 0]);
});
