import { expect, it } from 'vitest';
import { FileAccess } from '../../../src/files/file-access.ts';
import type { RoomDirectory } from '../../../src/host/room-directory.ts';
import type { Reply, RequestName } from '../../../src/protocol/commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');
const bob = person('bob');
const carol = person('carol');
const MINUTE_MS = 60_000;

/** Real rooms, and how often they were asked. */
class Rooms implements Pick<RoomDirectory, 'execute'> {
  readonly #rooms = new Map<string, RoomAtHand>();
  asked = 0;

  of(roomId: string): RoomAtHand {
    const room = this.#rooms.get(roomId) ?? new RoomAtHand(roomId);
    this.#rooms.set(roomId, room);
    return room;
  }

  execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    this.asked++;
    return Promise.resolve(this.of(roomId).execute(identity, name, payload as never));
  }

  /** A file in a message. */
  sent(roomId: string): string {
    const room = this.of(roomId);
    const { fileId } = room.ask(alice, 'reserveFile', { name: 'a', size: 1 });
    room.ask(alice, 'completeFile', { fileId, type: 'image/png', sha256: 'ab'.repeat(32) });
    room.ask(alice, 'message', { message: '', files: [fileId] });
    return fileId;
  }
}

function accessTo(rooms: Rooms): FileAccess {
  return new FileAccess(rooms as unknown as RoomDirectory, MINUTE_MS);
}

it('[FILE12] asks the room once a minute for each reader, however many files they read', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const files = [rooms.sent('general'), rooms.sent('general')];
  for (const fileId of [...files, ...files]) await access.find('general', bob, fileId, 0);
  expect(rooms.asked).toBe(2);
  await access.find('general', carol, files[0]!, 0);
  expect(rooms.asked).toBe(3);
  await access.find('general', bob, files[0]!, MINUTE_MS - 1);
  expect(rooms.asked).toBe(3);
  await access.find('general', bob, files[0]!, MINUTE_MS);
  expect(rooms.asked).toBe(4);
});

it.each(['banMember', 'kickMember'] as const)(
  '[FILE12] refuses a reader a minute after %s at the latest',
  async (command) => {
    const rooms = new Rooms();
    const access = accessTo(rooms);
    const fileId = rooms.sent('general');
    rooms.of('general').ask(bob, 'message', { message: 'hello' });
    await access.find('general', bob, fileId, 0);
    rooms.of('general').ask(alice, command, { userId: 'bob' });
    const later = access.find('general', bob, fileId, MINUTE_MS);
    await expect(later).rejects.toMatchObject({
      problem: { code: command === 'banMember' ? 'banned' : 'forbidden' },
    });
    expect(await access.find('general', carol, fileId, MINUTE_MS)).toMatchObject({ isSent: true });
  },
);

it('[FILE12] remembers a file for its own room alone, and a refusal never', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const fileId = rooms.sent('general');
  rooms.sent('other');
  await access.find('general', bob, fileId, 0);
  const elsewhere = () => access.find('other', bob, fileId, 0);
  await expect(elsewhere()).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  await expect(elsewhere()).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  expect(rooms.asked).toBe(3);
});
