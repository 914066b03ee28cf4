import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NodeRooms } from '../../local-server/node-rooms.ts';
import { Wakeups } from '../../local-server/wakeups.ts';
import type { Identity } from '../../src/protocol/identity.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ok } from '../support/visitor.ts';

const DAY_MS = 86_400_000;
const admin: Identity = { userId: 'root', name: 'Root', admin: true };
const { limits } = readSettings({}).settings;

interface Woken {
  roomId: string;
  at: number;
  /** Ends this wakeup. @param next when the room asks to be woken again, in epoch milliseconds */
  done: (next?: number) => void;
  fail: (error: Error) => void;
}

/** Wakeups stored in a folder, the rooms woken so far, and the failures logged. */
function wakeupsIn(folder: string) {
  const woken: Woken[] = [];
  const failures: unknown[] = [];
  const heard = Promise.withResolvers<void>();
  let signal = heard;
  const wakeups = new Wakeups({
    path: join(folder, 'wakeups.sqlite'),
    durability: 'process',
    log: { failure: (_, error) => failures.push(error) },
    wake: (roomId) =>
      new Promise((resolve, reject) => {
        woken.push({ roomId, at: Date.now(), done: resolve, fail: reject });
        signal.resolve();
        signal = Promise.withResolvers<void>();
      }),
  });
  return {
    wakeups,
    woken,
    failures,
    /** Waits until `count` rooms have been woken. */
    until: async (count: number): Promise<void> => {
      while (woken.length < count) await signal.promise;
    },
  };
}

/** The same until the end of the test, on timers and a clock that the test moves. */
function wakeupsOnFakeTime(folder: string) {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const made = wakeupsIn(folder);
  onTestFinished(() => made.wakeups.close());
  return made;
}

/** Runs an SQL statement on the wakeups stored in a folder, which causes a fault or ends it. */
function alter(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, 'wakeups.sqlite'));
  try {
    database.exec(statement);
  } finally {
    database.close();
  }
}

describe('wakeups', () => {
  it('happen in the order of their times, never too early', async () => {
    const { wakeups, woken, until } = wakeupsIn(temporaryFolder());
    onTestFinished(() => wakeups.close());
    const now = Date.now();
    wakeups.ask('third', now + 90);
    wakeups.ask('second', now + 40);
    wakeups.ask('first', now - 1_000);
    await until(3);
    expect(woken.map(({ roomId }) => roomId)).toEqual(['first', 'second', 'third']);
    expect(woken[1]!.at).toBeGreaterThanOrEqual(now + 40);
    expect(woken[2]!.at).toBeGreaterThanOrEqual(now + 90);
  });

  it('are kept one a room: an earlier one replaces it, a later one is ignored', async () => {
    const { wakeups, woken, until } = wakeupsIn(temporaryFolder());
    onTestFinished(() => wakeups.close());
    const now = Date.now();
    wakeups.ask('room', now + DAY_MS);
    wakeups.ask('room', now + 20);
    wakeups.ask('room', now + 2 * DAY_MS);
    await until(1);
    woken[0]!.done();
    wakeups.ask('other', Date.now());
    await until(2);
    expect(woken.map(({ roomId }) => roomId)).toEqual(['room', 'other']);
  });

  it('are repeated after a restart until they are done', async () => {
    const folder = temporaryFolder();
    const first = wakeupsIn(folder);
    first.wakeups.ask('room', Date.now());
    await first.until(1);
    first.wakeups.close();
    const second = wakeupsIn(folder);
    await second.until(1);
    second.woken[0]!.done();
    second.wakeups.ask('fence', Date.now());
    await second.until(2);
    second.wakeups.close();
    const third = wakeupsIn(folder);
    onTestFinished(() => third.wakeups.close());
    await third.until(1);
    expect(third.woken.map(({ roomId }) => roomId)).toEqual(['fence']);
  });

  it('are repeated at once, or later, as the room asks', async () => {
    const { wakeups, woken, until } = wakeupsIn(temporaryFolder());
    onTestFinished(() => wakeups.close());
    wakeups.ask('room', Date.now());
    await until(1);
    woken[0]!.done(Date.now() - 5);
    await until(2);
    const later = Date.now() + 50;
    woken[1]!.done(later);
    await until(3);
    expect(woken[2]!.at).toBeGreaterThanOrEqual(later);
  });

  it('are repeated after a minute when a room cannot be woken', async () => {
    const folder = temporaryFolder();
    const { wakeups, woken, failures } = wakeupsOnFakeTime(folder);
    wakeups.ask('room', Date.now());
    await vi.advanceTimersByTimeAsync(1);
    woken[0]!.fail(new Error('no'));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(woken).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(woken).toHaveLength(2);
    expect(failures).toHaveLength(1);
  });

  it('are repeated after a minute when it cannot be stored that they are done', async () => {
    const folder = temporaryFolder();
    const { wakeups, woken, failures } = wakeupsOnFakeTime(folder);
    wakeups.ask('room', Date.now());
    await vi.advanceTimersByTimeAsync(1);
    alter(
      folder,
      `CREATE TRIGGER fault BEFORE DELETE ON wakeups BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
    );
    woken[0]!.done();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(woken).toHaveLength(1);
    alter(folder, 'DROP TRIGGER fault');
    wakeups.ask('other', Date.now());
    await vi.advanceTimersByTimeAsync(2_000);
    expect(woken.map(({ roomId }) => roomId)).toEqual(['room', 'other', 'room']);
    for (const { done } of woken.slice(1)) done();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(woken).toHaveLength(3);
    expect(failures.map(String)).toEqual(['Error: disk full']);
  });

  it('happen when their times can be read again', async () => {
    const folder = temporaryFolder();
    const { wakeups, woken, failures } = wakeupsOnFakeTime(folder);
    wakeups.ask('room', Date.now() + 20);
    alter(folder, 'ALTER TABLE wakeups RENAME TO gone');
    await vi.advanceTimersByTimeAsync(30_000);
    expect([woken.length, failures.length]).toEqual([0, 1]);
    alter(folder, 'ALTER TABLE gone RENAME TO wakeups');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([woken.length, failures.length]).toEqual([1, 1]);
  });
});

/** Rooms in a folder; a failure that they log throws. */
function roomsIn(dataDir: string, idleMs?: number): NodeRooms {
  const log = {
    failure: (what: string, error: unknown) => {
      throw new Error(what, { cause: error });
    },
  };
  return new NodeRooms({
    dataDir,
    durability: 'process',
    maxOpenRooms: 4,
    limits,
    log,
    ...(idleMs !== undefined && { idleMs }),
  });
}

/** Imports a room that keeps messages for a day: `old` expires at `over`, `new` a day later. */
async function moveIn(rooms: NodeRooms, roomId: string, over: number): Promise<void> {
  const message = { type: 'message', senderId: 'alice', sender: 'Alice' };
  const state = { topic: null, private: false, readOnly: false, owned: false, slowModeSeconds: 0 };
  const lines = [
    { type: 'export', version: 1, roomId },
    { ...message, seq: 1, rev: 1, id: 'a', message: 'old', timestamp: over - DAY_MS },
    { ...message, seq: 2, rev: 2, id: 'b', message: 'new', timestamp: over },
    { type: 'end', ...state, rev: 2, horizon: 0, createdAt: 1, changedAt: 2, retentionDays: 1 },
  ];
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  ok(await rooms.execute(roomId, admin, 'importRoom', { text, line: 1 }));
}

/** Waits until retention has deleted a room's first message. */
async function forgets(rooms: NodeRooms, roomId: string): Promise<void> {
  const forgotten = Promise.withResolvers<void>();
  const link = await rooms.connect(
    roomId,
    admin,
    {},
    {
      lines: (lines) => {
        if (lines.some((line) => line.includes('"horizon":2'))) forgotten.resolve();
      },
      closed: (code, reason) => forgotten.reject(new Error(`${code} ${reason}`)),
      buffered: () => 0,
    },
    true,
  );
  await forgotten.promise;
  link.close('left');
}

/** The texts stored in a folder's only room. */
function storedIn(folder: string): unknown[] {
  const [name] = readdirSync(join(folder, 'rooms')).filter((file) => file.endsWith('.sqlite'));
  const file = new DatabaseSync(join(folder, 'rooms', name!), { readOnly: true });
  try {
    return file
      .prepare('SELECT message FROM messages ORDER BY seq')
      .all()
      .map(({ message }) => message);
  } finally {
    file.close();
  }
}

describe('a room of the node host', () => {
  it('applies retention that was due while the process was stopped', async () => {
    const dataDir = temporaryFolder();
    const before = roomsIn(dataDir);
    const over = Date.now() + 150;
    await moveIn(before, 'quiet', over);
    before.close();
    const after = roomsIn(dataDir);
    onTestFinished(() => after.close());
    await forgets(after, 'quiet');
    expect(Date.now()).toBeGreaterThan(over);
    const { messages } = ok(await after.execute('quiet', admin, 'getHistory', {}));
    expect(messages.map(({ message }) => message)).toEqual(['new']);
  });

  it('applies retention on time although it was closed as idle', async () => {
    const folder = temporaryFolder();
    const rooms = roomsIn(folder, 30);
    onTestFinished(() => rooms.close());
    await moveIn(rooms, 'idle', Date.now() + 600);
    await expect.poll(() => rooms.openCount).toBe(0);
    // Read from the file, since a request would wake the room.
    await expect.poll(() => storedIn(folder)).toEqual(['new']);
  });
});
