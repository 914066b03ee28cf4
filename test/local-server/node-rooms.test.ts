import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sink } from '../../local-server/node-connection.ts';
import { NodeRooms, type NodeRoomsOptions } from '../../local-server/node-rooms.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { directoryContract } from '../contract/directory.ts';

const alice = { userId: 'alice' };
const bob = { userId: 'bob' };

const hello = { name: 'message', payload: { message: 'hello' }, ref: 1 };

let dataDir = '';
const opened: NodeRooms[] = [];
const failures: string[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parlor-rooms-'));
});

afterEach(() => {
  for (const rooms of opened.splice(0)) rooms.close();
  failures.length = 0;
  rmSync(dataDir, { recursive: true });
});

function open(options: Partial<NodeRoomsOptions> = {}): NodeRooms {
  const rooms = new NodeRooms({
    dataDir,
    durability: 'process',
    maxOpenRooms: 4,
    limits: readSettings({}).settings.limits,
    log: { failure: (what, error) => failures.push(`${what}: ${String(error)}`) },
    ...options,
  });
  opened.push(rooms);
  return rooms;
}

/** A sink that keeps the lines and close codes that it gets. */
class Heard implements Sink {
  readonly lines: string[] = [];
  readonly codes: number[] = [];

  frame({ lines }: { lines: readonly string[] }): void {
    this.lines.push(...lines);
  }

  close(code: number): void {
    this.codes.push(code);
  }

  buffered(): number {
    return 0;
  }

  lastSeenAt(): undefined {
    return undefined;
  }

  /** The names of the lines received so far, in order. */
  get names(): string[] {
    return this.lines.map((line) => (JSON.parse(line) as [string])[0]);
  }
}

/** Waits until everything decided so far is stored and sent. */
async function settled(rooms: NodeRooms, roomId: string): Promise<void> {
  await rooms.execute(roomId, { userId: 'nobody' }, 'getRoom', {});
}

function files(): string[] {
  try {
    return readdirSync(join(dataDir, 'rooms')).filter((name) => name.endsWith('.sqlite'));
  } catch {
    return [];
  }
}

describe('rooms as files', () => {
  directoryContract(() => open());

  it('[ROOM2] leave no file for a room that is only joined and read', async () => {
    const rooms = open();
    const { connection, room, depart } = await rooms.attach(
      'r',
      alice,
      { since: '0:0' },
      new Heard(),
    );
    room.queue((live) => live.handle(connection, { name: 'typing', payload: {} }));
    room.queue((live) => live.handle(connection, { name: 'getHistory', payload: {}, ref: 1 }));
    await settled(rooms, 'r');
    depart('left');
    await settled(rooms, 'r');
    expect(files()).toEqual([]);
  });

  it('[ROOM3] keep the epoch of an empty room when the process restarts', async () => {
    const epochOf = async (roomId: string) => {
      const rooms = open();
      const heard = new Heard();
      await rooms.attach(roomId, alice, {}, heard);
      await settled(rooms, roomId);
      rooms.close();
      const [, { epoch }] = JSON.parse(heard.lines[0]!) as [string, { epoch: string }];
      return epoch;
    };
    const epoch = await epochOf('r');
    expect(await epochOf('r')).toBe(epoch);
    expect(await epochOf('another')).not.toBe(epoch);
  });

  it('[MSG4] send nothing before it is stored', async () => {
    const rooms = open();
    const [one, other] = [new Heard(), new Heard()];
    const { connection, room } = await rooms.attach('r', alice, {}, one);
    await rooms.attach('r', bob, {}, other);
    room.queue((live) => live.handle(connection, hello));
    expect([one.lines, other.lines]).toEqual([[], []]);
    await settled(rooms, 'r');
    expect(one.names).toEqual(['joined', 'userJoined', 'ack']);
    expect(other.names).toEqual(['joined', 'message']);
  });

  it('keep at most MAX_OPEN_ROOMS files open, and lose nothing', async () => {
    const rooms = open({ maxOpenRooms: 2 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const round of [1, 2]) {
      await Promise.all(
        names.map((roomId) => rooms.execute(roomId, alice, 'message', { message: `${round}` })),
      );
      expect(rooms.openCount).toBeLessThanOrEqual(2);
    }
    for (const roomId of names) {
      expect(await rooms.execute(roomId, alice, 'getHistory', {})).toMatchObject({
        messages: [{ message: '1' }, { message: '2' }],
      });
    }
  });

  it('disconnect every client when a commit fails, and acknowledge nothing', async () => {
    const before = open();
    await before.execute('r', alice, 'message', { message: 'before' });
    before.close();
    // A constraint that SQLite checks when it commits, and that every message violates.
    const file = new DatabaseSync(join(dataDir, 'rooms', files()[0]!));
    file.exec(`
      CREATE TABLE parents (id INTEGER PRIMARY KEY);
      CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER orphan AFTER INSERT ON messages BEGIN INSERT INTO children VALUES (1); END;
    `);
    const rooms = open();
    const [one, other] = [new Heard(), new Heard()];
    const { connection, room } = await rooms.attach('r', bob, {}, one);
    await rooms.attach('r', alice, {}, other);
    await settled(rooms, 'r');
    room.queue((live) => live.handle(connection, hello));
    expect(await rooms.execute('r', alice, 'message', { message: 'lost' })).toMatchObject({
      ok: false,
      error: { code: 'unavailable' },
    });
    expect([one.codes, other.codes]).toEqual([[4000], [4000]]);
    expect([...one.names, ...other.names]).not.toContain('message');
    expect(one.names).not.toContain('ack');
    expect(failures).toEqual(['commit: Error: FOREIGN KEY constraint failed']);
    file.exec('DROP TRIGGER orphan');
    file.close();
    expect(await rooms.execute('r', alice, 'message', { message: 'after' })).toMatchObject({
      ok: true,
      message: { seq: 2 },
    });
    expect(await rooms.execute('r', alice, 'getMembers', { online: true })).toMatchObject({
      onlineCount: 0,
    });
  });

  it('refuse a write while the file is locked, and continue', async () => {
    const rooms = open();
    await rooms.execute('r', alice, 'message', { message: 'before' });
    const heard = new Heard();
    const { connection, room } = await rooms.attach('r', bob, {}, heard);
    await settled(rooms, 'r');
    const other = new DatabaseSync(join(dataDir, 'rooms', files()[0]!));
    other.exec('BEGIN IMMEDIATE');
    room.queue((live) => live.handle(connection, hello));
    await settled(rooms, 'r');
    other.exec('ROLLBACK');
    other.close();
    expect(JSON.parse(heard.lines.at(-1)!)).toMatchObject([
      'ack',
      1,
      { error: { code: 'unavailable' } },
    ]);
    room.queue((live) => live.handle(connection, { ...hello, ref: 2 }));
    await settled(rooms, 'r');
    expect(JSON.parse(heard.lines.at(-1)!)).toMatchObject(['ack', 2, { message: { seq: 2 } }]);
  });

  it('sleep when idle, and keep their connections', async () => {
    const rooms = open({ idleMs: 30 });
    const [one, other] = [new Heard(), new Heard()];
    const { connection, room } = await rooms.attach('r', alice, {}, one);
    await rooms.attach('r', bob, {}, other);
    room.queue((live) => live.handle(connection, hello));
    await settled(rooms, 'r');
    await expect.poll(() => rooms.openCount).toBe(0);
    room.queue((live) => live.handle(connection, { ...hello, ref: 2 }));
    await settled(rooms, 'r');
    expect(other.names).toEqual(['joined', 'message', 'message']);
  });

  it('that cannot be read when they wake close their sockets and affect no other room', async () => {
    const rooms = open({ idleMs: 30 });
    await rooms.execute('r', alice, 'message', { message: 'before' });
    const codes: number[] = [];
    const heard = new Heard();
    const socket = await rooms.attach('r', bob, {}, heard);
    const link = await rooms.connect(
      'r',
      bob,
      {},
      {
        lines: () => {},
        closed: (code) => codes.push(code),
        buffered: () => 0,
      },
    );
    await settled(rooms, 'r');
    await expect.poll(() => rooms.openCount).toBe(0);
    writeFileSync(join(dataDir, 'rooms', files()[0]!), 'no database '.repeat(1_000));
    link.send({ name: 'getHistory', payload: {}, ref: 1 });
    await expect.poll(() => [heard.codes, codes]).toEqual([[4000], [4000]]);
    link.close('left');
    socket.depart('left');
    expect(await rooms.execute('r', alice, 'getHistory', {})).toMatchObject({ ok: false });
    expect(await rooms.execute('s', alice, 'message', { message: 'x' })).toMatchObject({
      ok: true,
    });
    expect(failures[0]).toMatch(/^open: Error: file is not a database/);
  });

  it('log one failure when a socket closes while its room cannot be read', async () => {
    const rooms = open({ idleMs: 30 });
    await rooms.execute('r', alice, 'message', { message: 'before' });
    const socket = await rooms.attach('r', bob, {}, new Heard());
    await settled(rooms, 'r');
    await expect.poll(() => rooms.openCount).toBe(0);
    writeFileSync(join(dataDir, 'rooms', files()[0]!), 'no database '.repeat(1_000));
    socket.depart('disconnected');
    await expect.poll(() => failures).toHaveLength(1);
  });
});
