import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe } from 'vitest';
import type { Sink } from '../../local-server/node-connection.ts';
import { NodeRooms, roomPath } from '../../local-server/node-rooms.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { type Fault, hostedRoomsContract, type HostedRooms } from '../contract/hosted-rooms.ts';
import { fillDisk } from '../support/full-disk.ts';
import { temporaryFolder } from '../support/folder.ts';

const IDLE_MS = 30;
const { limits } = readSettings({}).settings;
const { fdatasync, fdatasyncSync } = fs;

let dataDir = '';
let rooms: NodeRooms | undefined;

beforeEach(() => {
  dataDir = temporaryFolder();
});

afterEach(() => {
  mendDisk();
  rooms?.close();
  rooms = undefined;
});

function host(): NodeRooms {
  rooms ??= new NodeRooms({
    dataDir,
    durability: 'disk',
    maxOpenRooms: 8,
    limits,
    log: { failure: () => undefined },
    idleMs: IDLE_MS,
  });
  return rooms;
}

/** Waits until the host has evicted every room for being idle. */
async function evict(): Promise<void> {
  while (host().awakeCount > 0 || host().openCount > 0) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  }
}

function mendDisk(): void {
  Object.assign(fs, { fdatasync, fdatasyncSync });
  syncBuiltinESMExports();
}

/** Writes succeed, and syncing them to the disk fails. */
const failingSync: Fault = async () => {
  const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  fs.fdatasync = ((_: number, done: (error: Error) => void) =>
    setImmediate(() => done(failure))) as unknown as typeof fdatasync;
  fs.fdatasyncSync = () => {
    throw failure;
  };
  syncBuiltinESMExports();
  return async () => mendDisk();
};

const fullDisk: Fault = async (roomId) => {
  await evict();
  const free = fillDisk(roomPath(dataDir, roomId), 0);
  return async () => {
    free();
    // SQLite keeps the limit for as long as the file is open.
    await evict();
  };
};

/** A constraint that SQLite checks when it commits, and that every message violates. */
const ORPHANS = `
  CREATE TABLE parents (id INTEGER PRIMARY KEY);
  CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
  CREATE TRIGGER orphan AFTER INSERT ON messages BEGIN INSERT INTO children VALUES (1); END`;

const failingConstraint: Fault = async (roomId) => {
  await evict();
  alter(roomId, ORPHANS);
  return async () => {
    await evict();
    alter(roomId, 'DROP TRIGGER orphan');
  };
};

function alter(roomId: string, statement: string): void {
  const file = new DatabaseSync(roomPath(dataDir, roomId));
  file.exec(statement);
  file.close();
}

class Heard implements Sink {
  readonly came: [string, ...unknown[]][] = [];
  readonly ended = Promise.withResolvers<number>();

  frame({ lines }: { lines: readonly string[] }): void {
    this.came.push(...lines.map((line) => JSON.parse(line) as [string]));
  }

  close(code: number): void {
    this.ended.resolve(code);
  }

  buffered(): number {
    return 0;
  }

  lastSeenAt(): undefined {
    return undefined;
  }
}

function open(): HostedRooms {
  return {
    directory: { execute: (...args) => host().execute(...args) },
    async join(roomId, userId) {
      const heard = new Heard();
      const { connection, room, depart } = await host().attach(roomId, { userId }, {}, heard);
      return {
        lines: () => heard.came,
        send: (name, payload, ref) =>
          room.queue((live) => live.handle(connection, { name, payload, ref })),
        ended: heard.ended.promise,
        close: () => depart('left'),
      };
    },
    evict,
    alter: async (roomId, statement) => alter(roomId, statement),
    commitFaults: {
      'a constraint that fails': { fault: failingConstraint, closes: true, loses: true },
      'a disk that fails to sync': { fault: failingSync, closes: true, loses: false },
      'a full disk': { fault: fullDisk, closes: false, loses: true },
    },
  };
}

describe('rooms in files', () => {
  hostedRoomsContract(open);
});
