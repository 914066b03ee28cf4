import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeRooms } from '../../local-server/node-rooms.ts';
import type { Sink } from '../../local-server/node-connection.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from '../support/folder.ts';

const alice = { userId: 'alice' };
const bob = { userId: 'bob' };
const EIO = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });

const { limits } = readSettings({ COMMAND_BURST: '100000' }).settings;
const { fdatasync, fdatasyncSync, fsyncSync } = fs;

/** Syncs that were requested and are held back until `release`; undefined: syncs run at once. */
let held: (() => void)[] | undefined;
/** The results of the next syncs, one each: an error, or null for success. */
let answers: (Error | null)[] = [];
let failures: string[] = [];
const opened: NodeRooms[] = [];

beforeEach(() => {
  held = undefined;
  answers = [];
  failures = [];
  fs.fdatasync = ((file: number, done: (error: Error | null) => void) => {
    const answer = answers.shift() ?? null;
    const sync = () => fdatasync(file, (error) => done(answer ?? error));
    if (held === undefined) sync();
    else held.push(sync);
  }) as typeof fdatasync;
  fs.fdatasyncSync = (file) => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    fdatasyncSync(file);
  };
  syncBuiltinESMExports();
});

afterEach(() => {
  Object.assign(fs, { fdatasync, fdatasyncSync, fsyncSync });
  syncBuiltinESMExports();
  for (const rooms of opened.splice(0)) rooms.close();
});

function open(maxOpenRooms = 8): NodeRooms {
  const rooms = new NodeRooms({
    dataDir: temporaryFolder(),
    durability: 'disk',
    maxOpenRooms,
    // Flushes never wait for more commands.
    limits: { ...limits, batchDelayMs: 0 },
    log: { failure: (what, error) => failures.push(`${what}: ${(error as Error).message}`) },
  });
  opened.push(rooms);
  return rooms;
}

class Heard implements Sink {
  readonly lines: [string, ...unknown[]][] = [];
  code: number | undefined;

  frame({ lines }: { lines: readonly string[] }): void {
    this.lines.push(...lines.map((line) => JSON.parse(line) as [string]));
  }

  close(code: number): void {
    this.code = code;
  }

  buffered(): number {
    return 0;
  }

  lastSeenAt(): undefined {
    return undefined;
  }

  get names(): string[] {
    return this.lines.map(([name]) => name);
  }
}

function say(rooms: NodeRooms, roomId: string, message = 'hello') {
  return rooms.execute(roomId, alice, 'message', { message });
}

function release(): void {
  for (const sync of held?.splice(0) ?? []) sync();
}

/** Two rooms that have each written a message whose sync is held back. */
async function underWay(rooms: NodeRooms) {
  const [one, other] = [new Heard(), new Heard()];
  const { connection, room } = await rooms.attach('a', alice, {}, one);
  await rooms.attach('a', bob, {}, other);
  // The first message creates the file of each room.
  await Promise.all([say(rooms, 'a', 'first'), say(rooms, 'b', 'first')]);
  held = [];
  const handle = (name: string, ref: number, payload: object = {}) =>
    room.queue((live) => live.handle(connection, { name, payload, ref }));
  handle('message', 1, { message: 'second' });
  const inB = say(rooms, 'b', 'second');
  await expect.poll(() => held?.length).toBe(2);
  return { one, other, handle, inB };
}

describe('changes of several rooms at once', () => {
  it('are sent only after the disk has them, and later commands wait for that', async () => {
    const rooms = open();
    const { one, other, handle, inB } = await underWay(rooms);
    handle('getHistory', 2);
    handle('message', 3, { message: 'third' });
    const late = new Heard();
    const joining = rooms.attach('a', { userId: 'carol' }, { history: 10 }, late);
    const asked = rooms.execute('a', bob, 'message', { message: 'fourth' });
    handle('message', 4, { message: 'fifth' });
    // Another room is still served.
    const aside = say(rooms, 'c');
    await expect.poll(() => held?.length).toBe(3);
    const acks = () => one.lines.flatMap(([name, ref]) => (name === 'ack' ? [ref] : []));
    expect([acks(), other.names.filter((name) => name === 'message')]).toEqual([[], ['message']]);
    held?.shift()?.();
    // Room a syncs what waited; the syncs of b and c are still held back.
    await expect.poll(() => acks()).toEqual([1]);
    await expect.poll(() => held?.length).toBe(3);
    expect(late.names).toEqual([]);
    rooms.close();
    release();
    expect(await asked).toMatchObject({ ok: true, message: { seq: 4 } });
    expect([(await inB).ok, (await aside).ok]).toEqual([true, true]);
    await joining;
    expect(acks()).toEqual([1, 2, 3, 4]);
    const said = other.lines.flatMap(([name, payload]) =>
      name === 'message' ? [(payload as { message: string }).message] : [],
    );
    expect(said).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
    const [, joined] = late.lines[0] as [string, { messages: { message: string }[] }];
    expect(joined.messages.map(({ message }) => message)).toEqual(['first', 'second', 'third']);
    expect(failures).toEqual([]);
  });

  it('are not acknowledged where the disk fails, and other rooms continue', async () => {
    const rooms = open();
    const [one, two] = [new Heard(), new Heard()];
    await rooms.attach('a', bob, {}, one);
    await rooms.attach('b', bob, {}, two);
    await Promise.all([say(rooms, 'a', 'before'), say(rooms, 'b', 'before')]);
    answers = [EIO, null];
    const replies = await Promise.all([say(rooms, 'a', 'lost?'), say(rooms, 'b', 'kept')]);
    expect(replies.map(({ ok }) => ok)).toEqual([false, true]);
    expect([one.code, two.code]).toEqual([4000, undefined]);
    expect(one.names).toEqual(['joined', 'message']);
    expect(two.names).toContain('message');
    expect(failures).toEqual(['commit: EIO: i/o error, fdatasync']);
    // A client that comes back and sends again finds a working room.
    expect(await say(rooms, 'a', 'after')).toMatchObject({ ok: true });
    expect(await rooms.execute('a', alice, 'getHistory', {})).toMatchObject({
      messages: expect.arrayContaining([expect.objectContaining({ message: 'before' })]),
    });
  });

  it('are stored before the process ends', async () => {
    const rooms = open();
    const { one, inB } = await underWay(rooms);
    rooms.close();
    expect(await inB).toMatchObject({ ok: true });
    expect([one.names.at(-1), one.code]).toEqual(['ack', 4000]);
    // These syncs then fail on closed files, which is not logged.
    release();
    expect(failures).toEqual([]);
  });

  it('are stored before their file is closed for another room', async () => {
    const rooms = open(2);
    const { inB } = await underWay(rooms);
    const third = say(rooms, 'c');
    expect(rooms.openCount).toBe(2);
    rooms.close();
    release();
    expect([(await third).ok, (await inB).ok]).toEqual([true, true]);
    expect(failures).toEqual([]);
  });

  it('are synced without further waiting once 256 commands are queued', async () => {
    const rooms = open();
    const { one, handle } = await underWay(rooms);
    for (let ref = 2; ref <= 257; ref++) {
      expect(one.names).not.toContain('ack');
      handle('getRoom', ref);
    }
    expect(one.names).toContain('ack');
    rooms.close();
    release();
    await expect
      .poll(() => one.lines.filter(([name]) => name === 'ack').map(([, ref]) => ref))
      .toEqual(Array.from({ length: 257 }, (_, at) => at + 1));
  });
});

describe('changes of one room', () => {
  it('are not acknowledged where the disk fails, and are stored when sent again', async () => {
    const rooms = open();
    await say(rooms, 'a', 'before');
    const heard = new Heard();
    await rooms.attach('a', bob, {}, heard);
    answers = [EIO];
    const message = { message: 'again', id: 'one' };
    expect(await rooms.execute('a', alice, 'message', message)).toMatchObject({
      error: { code: 'unavailable' },
    });
    expect([heard.code, failures]).toEqual([4000, ['commit: EIO: i/o error, fdatasync']]);
    const reply = await rooms.execute('a', alice, 'message', message);
    expect(reply).toMatchObject({ ok: true, message: { message: 'again', seq: 2 } });
  });

  it('are not synced where nothing was written', async () => {
    const rooms = open();
    await say(rooms, 'a');
    answers = [EIO];
    expect(await rooms.execute('a', bob, 'getHistory', {})).toMatchObject({ ok: true });
    expect(answers).toHaveLength(1);
    expect(await say(rooms, 'a')).toMatchObject({ ok: false });
  });
});

it('a room is deleted without a failure where folders cannot be synced, as on Windows', async () => {
  const rooms = open();
  fs.fsyncSync = () => {
    throw Object.assign(new Error('EPERM: operation not permitted, fsync'), { code: 'EPERM' });
  };
  syncBuiltinESMExports();
  await say(rooms, 'a');
  const admin = { userId: 'root', admin: true } as const;
  expect(await rooms.execute('a', admin, 'deleteRoom', {})).toMatchObject({ ok: true });
  expect(failures).toEqual([]);
});
