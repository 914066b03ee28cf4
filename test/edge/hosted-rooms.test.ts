import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, vi } from 'vitest';
import { ObjectDirectory } from '../../src/edge/object-directory.ts';
import { RoomAccessLimiter } from '../../src/admission/room-access-limiter.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { type Fault, hostedRoomsContract, type HostedRooms } from '../contract/hosted-rooms.ts';
import { join, sleep, within } from './client.ts';

const { limits } = readSettings({}).settings;

/** Aborts the object in the middle of writing a message, as a deployment or a crash would. */
const abort: Fault = async (roomId) => {
  await within(roomId, (_, state) => {
    const { sql } = state.storage;
    const exec = sql.exec.bind(sql);
    sql.exec = ((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args);
      if (args[0].includes('INSERT INTO messages')) state.abort('Instance disposed by a test');
      return cursor;
    }) as typeof exec;
  });
  return async () => undefined;
};

function open(): HostedRooms {
  return {
    directory: new ObjectDirectory(env, limits, new RoomAccessLimiter(limits)),
    async join(roomId, userId) {
      const client = await join(roomId, userId);
      return {
        lines: () => client.lines,
        send: (name, payload, ref) => client.send(JSON.stringify([name, payload, ref])),
        ended: client.ended.then(({ code }) => code),
        close: () => void client.close(1000),
      };
    },
    evict: sleep,
    alter: (roomId, statement) =>
      within(roomId, (_, { storage }) => void storage.sql.exec(statement)),
    commitFaults: { 'an object that is aborted': { fault: abort, closes: true, loses: true } },
  };
}

describe('rooms in Durable Objects', () => {
  beforeEach(() => {
    // Aborted objects are logged.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
  });

  afterEach(() => vi.restoreAllMocks());

  hostedRoomsContract(open);
});
