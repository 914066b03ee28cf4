import { describe, expect, it, vi } from 'vitest';
import { fixed } from '../../src/protocol/codes/limits.ts';
import { migrations } from '../../src/room/storage/migrations.ts';
import { oldRoom, oldStory, oldVersions } from '../contract/old-rooms.ts';
import { newRoom, runAlarms, sleep, stubOf, upgrade, within } from './client.ts';

const alice = { userId: 'alice', name: 'Alice' };

/** A sleeping room object whose storage another version has written with these statements. */
async function left(statements: readonly string[]) {
  const roomId = newRoom();
  await within(roomId, (_, { storage }) => {
    for (const statement of statements) storage.sql.exec(statement);
  });
  await sleep(roomId);
  return roomId;
}

describe.each(oldVersions)('an object written with schema %i', (version) => {
  it('shows all its contents, and continues', async () => {
    const roomId = await left(oldRoom(version));
    const { messages, position } = oldStory(version);
    const room = stubOf(roomId);
    expect(await room.execute(alice, 'getHistory', {})).toMatchObject({ ok: true, messages });
    expect(await room.execute(alice, 'message', { message: 'new words' })).toMatchObject({
      message: { seq: Number(position.split(':')[1]) + 1 },
    });
    const found = await room.execute(alice, 'searchMessages', { query: 'words' });
    expect(found).toMatchObject({ results: [{ message: 'new words' }, {}, {}, {}] });
  });
});

it('an object of an old schema is indexed in steps, without further requests', async () => {
  const last = 2 * fixed.stepRows + 10;
  const roomId = await left([
    ...oldRoom(5),
    `WITH RECURSIVE said (seq) AS (SELECT 10 UNION ALL SELECT seq + 1 FROM said WHERE seq < ${last})
      INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message, timestamp)
      SELECT seq, seq, 'said-' || seq, 'alice', 'Alice', 0, 'plums', 5000 FROM said`,
    `UPDATE room SET rev = ${last}, indexed = ${last}`,
  ]);
  const room = stubOf(roomId);
  expect(await room.execute(alice, 'getHistory', {})).toMatchObject({ ok: true });
  const unindexedTo = () =>
    within(roomId, (_, { storage }) => storage.sql.exec('SELECT unindexed_to FROM room').one());
  await expect.poll(unindexedTo).toEqual({ unindexed_to: 0 });
  const found = await room.execute(alice, 'searchMessages', { query: '"first words"' });
  expect(found).toMatchObject({ ok: true, results: [{ seq: 1 }] });
  await runAlarms(roomId);
});

describe('an object written by newer code', () => {
  const newer = [
    'CREATE TABLE migrations (version INTEGER PRIMARY KEY)',
    `INSERT INTO migrations (version) VALUES (${migrations.length + 1})`,
  ];

  it('is unavailable at every transport, and stays unchanged', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const roomId = await left(newer);
    const unavailable = {
      code: 'unavailable',
      message: 'The room cannot answer right now; try again in a moment.',
    };
    const answer = await stubOf(roomId).execute(alice, 'getHistory', {});
    expect(answer).toEqual({ ok: false, error: unavailable });
    const response = await upgrade(roomId, 'alice');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toEqual({ error: unavailable });
    const tables = await within(roomId, (_, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'")
        .toArray(),
    );
    expect(tables).toEqual([{ name: 'migrations' }]);
    expect(String(logged.mock.calls[0])).toContain('NewerSchema');
    logged.mockRestore();
  });
});
