import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeRooms, roomPath } from '../../local-server/node-rooms.ts';
import type { Identity } from '../../src/protocol/identity.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { migrations } from '../../src/room/storage/migrations.ts';
import { fillDisk } from '../support/full-disk.ts';

const alice: Identity = { userId: 'alice', name: 'Alice' };
const UNAVAILABLE = {
  code: 'unavailable',
  message: 'The room cannot answer right now; try again in a moment.',
};

let dataDir: string;
let failures: string[];
let rooms: NodeRooms;

function open(): void {
  rooms = new NodeRooms({
    dataDir,
    durability: 'disk',
    maxOpenRooms: 8,
    limits: readSettings({}).settings.limits,
    log: { failure: (what, error) => failures.push(`${what}: ${(error as Error).message}`) },
  });
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parlor-trouble-'));
  failures = [];
  open();
});

afterEach(() => {
  rooms.close();
  rmSync(dataDir, { recursive: true });
});

/** The sink of a connection, which keeps the lines sent to it and its close code. */
function sink() {
  const heard = { lines: [] as string[], code: undefined as number | undefined };
  return {
    heard,
    frame: ({ lines }: { lines: readonly string[] }) => void heard.lines.push(...lines),
    close: (code: number) => void (heard.code = code),
    buffered: () => 0,
    lastSeenAt: () => undefined,
  };
}

function say(roomId: string, message: string) {
  return rooms.execute(roomId, alice, 'message', { message });
}

async function stored(roomId: string): Promise<string[]> {
  const reply = await rooms.execute(roomId, alice, 'getHistory', { limit: 100 });
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.messages.map(({ message }) => message);
}

describe('a full disk', () => {
  test('makes messages answer "unavailable" until there is space, and loses no acknowledged one', async () => {
    await say('r', 'before');
    rooms.close();
    open();
    const free = fillDisk(roomPath(dataDir, 'r'), 2);
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, at) => say('r', `${at} ${'x'.repeat(2_000)}`)),
    );
    const acknowledged = replies.flatMap((reply) => (reply.ok ? [reply.message.message] : []));
    const refused = replies.flatMap((reply) => (reply.ok ? [] : [reply.error]));
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) expect(error).toEqual(UNAVAILABLE);
    free();
    rooms.close();
    open();
    expect(await stored('r')).toEqual(['before', ...acknowledged]);
    expect(await say('r', 'after')).toMatchObject({ ok: true });
    expect(failures.join('\n')).toContain('database or disk is full');
  });

  test('causes no event of a message that was not stored', async () => {
    await say('r', 'before');
    rooms.close();
    open();
    const free = fillDisk(roomPath(dataDir, 'r'), 1);
    const [mine, theirs] = [sink(), sink()];
    const { connection, room } = await rooms.attach('r', alice, {}, mine);
    await rooms.attach('r', { userId: 'bob', name: 'Bob' }, {}, theirs);
    for (let ref = 0; ref < 30; ref++) {
      const payload = { message: `${ref} ${'x'.repeat(2_000)}` };
      room.queue(
        (live) => connection.open && live.handle(connection, { name: 'message', payload, ref }),
      );
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    free();
    rooms.close();
    open();
    const kept = new Set(await stored('r'));
    const acks = mine.heard.lines.flatMap((line) => {
      const [name, , result] = JSON.parse(line) as [
        string,
        number,
        { ok: boolean; message: { message: string } },
      ];
      return name === 'ack' && result.ok ? [result.message.message] : [];
    });
    const heard = theirs.heard.lines.flatMap((line) => {
      const [name, payload] = JSON.parse(line) as [string, { message: string }];
      return name === 'message' ? [payload.message] : [];
    });
    for (const message of [...acks, ...heard]) expect(kept).toContain(message);
    const refusals = mine.heard.lines.filter((line) => line.includes('"unavailable"'));
    expect(refusals.length > 0 || mine.heard.code === 4000).toBe(true);
  });
});

describe('a room that cannot be opened', () => {
  const broken = {
    'written by newer code'(path: string) {
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE migrations (version INTEGER PRIMARY KEY)');
      database.prepare('INSERT INTO migrations VALUES (?)').run(migrations.length + 1);
      database.close();
    },
    damaged: (path: string) => writeFileSync(path, 'this is no database, only a long enough text'),
    'that is a folder': (path: string) => mkdirSync(path),
  };

  test.each(Object.entries(broken))(
    '%s is unavailable at every transport and affects no other room',
    async (about, breakIt) => {
      const path = roomPath(dataDir, 'r');
      mkdirSync(dirname(path), { recursive: true });
      breakIt(path);
      expect(await say('r', 'hello')).toEqual({ ok: false, error: UNAVAILABLE });
      await expect(rooms.attach('r', alice, {}, sink())).rejects.toMatchObject({
        code: 'unavailable',
      });
      await expect(
        rooms.connect(
          'r',
          alice,
          {},
          { ...sink(), lines: () => undefined, closed: () => undefined },
        ),
      ).rejects.toMatchObject({ code: 'unavailable' });
      expect(await say('other', 'hello')).toMatchObject({ ok: true });
      if (about === 'written by newer code') {
        expect(failures[0]).toBe(
          `open: This was written by a newer Parlor (schema ${migrations.length + 1}, known are ${migrations.length}): run that version or a later one.`,
        );
      }
    },
  );
});
