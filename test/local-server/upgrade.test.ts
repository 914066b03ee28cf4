import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NodeRooms, roomPath } from '../../local-server/node-rooms.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from '../support/folder.ts';
import { oldRoom, oldStory, oldVersions } from '../contract/old-rooms.ts';

const alice = { userId: 'alice', name: 'Alice' };

/** Rooms in a folder where `lobby` was written with this schema version. */
function roomsOf(version: number): NodeRooms {
  const dataDir = temporaryFolder();
  const path = roomPath(dataDir, 'lobby');
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  // Some hundred small commits: the disk need not confirm each.
  database.exec('PRAGMA synchronous = OFF');
  for (const statement of oldRoom(version)) database.exec(statement);
  database.close();
  const rooms = new NodeRooms({
    dataDir,
    durability: 'process',
    maxOpenRooms: 4,
    limits: readSettings({}).settings.limits,
    log: {
      failure: (what, error) => {
        throw new Error(what, { cause: error });
      },
    },
  });
  onTestFinished(() => rooms.close());
  return rooms;
}

describe.each(oldVersions)('a room written with schema %i', (version) => {
  const story = oldStory(version);

  test('shows all its contents, and continues', async () => {
    const rooms = roomsOf(version);
    const history = await rooms.execute('lobby', alice, 'getHistory', {});
    expect(history).toMatchObject({ ok: true, messages: story.messages });
    const room = await rooms.execute('lobby', alice, 'getRoom', {});
    expect(room).toMatchObject({ ok: true, room: { memberCount: 2, createdAt: 1000 } });
    expect((room as { room: { topic?: string } }).room.topic).toBe(story.topic);

    const next = Number(story.position.split(':')[1]) + 1;
    const sent = await rooms.execute('lobby', alice, 'message', { message: 'new words', id: 'm4' });
    expect(sent).toMatchObject({ ok: true, message: { seq: next, rev: next } });
    const missed = await rooms.execute('lobby', alice, 'getMissed', { after: story.position });
    expect(missed).toMatchObject({ ok: true, messages: [{ id: 'm4' }], complete: true });
  });

  test('finds its members by the beginning of a name', async () => {
    const rooms = roomsOf(version);
    const found = await rooms.execute('lobby', alice, 'getMembers', { prefix: 'B' });
    expect(found).toMatchObject({ ok: true, members: [{ userId: 'bob', username: 'Bob' }] });
  });

  test('[REACT1] merges reactions that look the same', async () => {
    const rooms = roomsOf(version);
    const heart = { seq: 1, emoji: '\u2764' };
    const added = await rooms.execute('lobby', alice, 'addReaction', heart);
    const known = version >= 2 ? { '+1': 1 } : {};
    const hearts = version >= 2 ? 2 : 1;
    expect(added).toMatchObject({
      ok: true,
      message: { reactions: { ...known, '\u2764\uFE0F': hearts } },
      myReactions: ['\u2764\uFE0F'],
    });
    const { reactions } = (await rooms.execute('lobby', alice, 'getReactions', { seq: 1 })) as {
      reactions: object[];
    };
    expect(reactions).toHaveLength(hearts + Object.keys(known).length);
  });

  test('is searched, has its members, and stores the same message only once', async () => {
    const rooms = roomsOf(version);
    const found = await rooms.execute('lobby', alice, 'searchMessages', { query: 'words' });
    expect(found).toMatchObject({ ok: true, results: [{ seq: 3 }, { seq: 2 }, { seq: 1 }] });
    const again = await rooms.execute('lobby', alice, 'message', { message: 'x', id: 'm3' });
    expect(again).toMatchObject({ ok: true, duplicate: true, message: { seq: 3 } });
    const bob = await rooms.execute('lobby', { userId: 'bob' }, 'message', { message: 'hi' });
    expect(bob.ok || bob.error.code).toBe(story.bob === 'banned' ? 'banned' : true);
    const changed = await rooms.execute('lobby', alice, 'updateRoom', { retentionDays: 3_650 });
    expect(changed).toMatchObject({ ok: true, room: { retentionDays: 3_650 } });
  });
});
