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

/** People who open a room at once, each of whom sees all pictures. */
async function openTogether(access: FileAccess, files: readonly string[]): Promise<void> {
  const people = Array.from({ length: 200 }, (_, at) => person(`u${at}`));
  const readings = people.flatMap((reader) =>
    files.map((fileId) => access.find('general', reader, fileId, 0)),
  );
  await Promise.all(readings);
}

it('[FILE12] asks a room once for each of 30 pictures, not for each of 200 people who open it', async () => {
  const rooms = new Rooms();
  const files = Array.from({ length: 30 }, () => rooms.sent('general'));
  await openTogether(accessTo(rooms), files);
  expect(rooms.asked).toBe(30);
});

it('[FILE12] asks once more for each reader, where not everybody may be in the room', async () => {
  const rooms = new Rooms();
  const files = Array.from({ length: 30 }, () => rooms.sent('general'));
  rooms.of('general').ask(bob, 'message', { message: 'hello' });
  rooms.of('general').ask(alice, 'banMember', { userId: 'bob' });
  const access = accessTo(rooms);
  await openTogether(access, files);
  expect(rooms.asked).toBe(30 + 199);
  const refused = access.find('general', bob, files[0]!, 0);
  await expect(refused).rejects.toMatchObject({ problem: { code: 'banned' } });
});

it.each([
  ['is private', (room: RoomAtHand) => room.ask(alice, 'updateRoom', { private: true })],
  [
    'has a user who was kicked out',
    (room: RoomAtHand) => room.ask(alice, 'kickMember', { userId: 'bob' }),
  ],
  ['has a banned user', (room: RoomAtHand) => room.ask(alice, 'banMember', { userId: 'bob' })],
] as const)('[FILE12] is not open to everybody when it %s', (_, change) => {
  const rooms = new Rooms();
  const fileId = rooms.sent('general');
  const room = rooms.of('general');
  room.ask(bob, 'message', { message: 'hello' });
  expect(room.ask(alice, 'getFile', { fileId }).isOpen).toBe(true);
  change(room);
  expect(room.ask(alice, 'getFile', { fileId }).isOpen).toBe(false);
});

it('[FILE12] asks the room once a minute for each reader, however many files they read', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const files = [rooms.sent('general'), rooms.sent('general')];
  rooms.of('general').ask(alice, 'banMember', { userId: 'dave' });
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
