import { describe, expect, it } from 'vitest';
import { migrations } from '../../src/room/migrations.ts';
import { oldRoom, oldStory, oldVersions } from '../contract/old-rooms.ts';
import { newRoom, sleep, stubOf, upgrade, within } from './client.ts';

const alice = { userId: 'alice', name: 'Alice' };

/** A room's object that an earlier version has left behind, asleep. */
async function left(statements: readonly string[]) {
  const roomId = newRoom();
  await within(roomId, (_, { storage }) => {
    for (const statement of statements) storage.sql.exec(statement);
  });
  await sleep(roomId);
  return roomId;
}

describe.each(oldVersions)('an object written with schema %i', (version) => {
  it('shows all that it held, and goes on', async () => {
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

describe('an object written by newer code', () => {
  const newer = [
    'CREATE TABLE migrations (version INTEGER PRIMARY KEY)',
    `INSERT INTO migrations (version) VALUES (${migrations.length + 1})`,
  ];

  it('is unavailable at every door, and is left as it is', async () => {
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
  });
});
