import { describe, expect, it } from 'vitest';
import { FileAccess } from '../../../src/files/file-access.ts';
import type { RoomDirectory } from '../../../src/host/room-directory.ts';
import type { Reply, RequestName } from '../../../src/protocol/commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { admin, type OtherLimits, person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');
const bob = person('bob');
const carol = person('carol');
const MINUTE_MS = 60_000;
const DIRECT = 'direct:alice:bob';
/** The time of every room's clock. */
const NOW = 1_700_000_000_000;

/** Real rooms, and the number of commands that they were given. */
class Rooms implements Pick<RoomDirectory, 'execute'> {
  readonly #rooms = new Map<string, RoomAtHand>();
  readonly #limits: OtherLimits;
  asked = 0;

  constructor(limits: OtherLimits = {}) {
    this.#limits = limits;
  }

  of(roomId: string): RoomAtHand {
    const room = this.#rooms.get(roomId) ?? new RoomAtHand(roomId, this.#limits);
    this.#rooms.set(roomId, room);
    return room;
  }

  async execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    this.asked++;
    await Promise.resolve();
    return this.of(roomId).execute(identity, name, payload as never);
  }

  stored(roomId: string, by = alice): string {
    const room = this.of(roomId);
    const { fileId } = room.ask(by, 'reserveFile', { name: 'a', size: 1 });
    room.ask(by, 'completeFile', { fileId, type: 'image/png', sha256: 'ab'.repeat(32) });
    return fileId;
  }

  /** Stores a file and sends it in a message. */
  sent(roomId: string, by = alice): string {
    const fileId = this.stored(roomId, by);
    this.of(roomId).ask(by, 'message', { message: '', files: [fileId] });
    return fileId;
  }

  thirty(roomId: string): string[] {
    return Array.from({ length: 30 }, () => this.sent(roomId));
  }
}

function accessTo(rooms: Rooms, forMs = MINUTE_MS): FileAccess {
  return new FileAccess(rooms as unknown as RoomDirectory, forMs);
}

const people = Array.from({ length: 200 }, (_, at) => person(`u${at}`));

/** 200 users open a room at once and each read all files. */
async function openTogether(
  access: FileAccess,
  files: readonly string[],
  now = NOW,
  roomId = 'general',
): Promise<void> {
  const readings = people.flatMap((reader) =>
    files.map((fileId) => access.find(roomId, reader, fileId, now)),
  );
  await Promise.all(readings);
}

describe('[FILE12] 200 users who read 30 files cost one question a minute to a room that', () => {
  it.each([
    ['is open', () => {}],
    [
      'has a banned user and a kicked one',
      (room: RoomAtHand) => {
        for (const who of [bob, carol]) room.ask(who, 'message', { message: 'hello' });
        room.ask(alice, 'banMember', { userId: 'bob' });
        room.ask(alice, 'kickMember', { userId: 'carol' });
      },
    ],
    [
      'is private',
      (room: RoomAtHand) => {
        room.ask(alice, 'updateRoom', { private: true });
        for (const { userId } of people) room.ask(alice, 'setRole', { userId, role: 'viewer' });
      },
    ],
  ])('%s', async (_, prepare) => {
    const rooms = new Rooms();
    const files = rooms.thirty('general');
    prepare(rooms.of('general'));
    const access = accessTo(rooms);
    await openTogether(access, files);
    expect(rooms.asked).toBe(1);
    await openTogether(access, files, NOW + MINUTE_MS - 1);
    expect(rooms.asked).toBe(1);
    await openTogether(access, files, NOW + MINUTE_MS);
    expect(rooms.asked).toBe(2);
  });

  it('is private with too many members to list, and one more for each other user', async () => {
    const rooms = new Rooms();
    const files = rooms.thirty('general');
    const room = rooms.of('general');
    room.ask(alice, 'updateRoom', { private: true });
    for (const { userId } of people) room.ask(alice, 'setRole', { userId, role: 'viewer' });
    room.file.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      INSERT INTO members (user_id, username, unverified, role, read_up_to, banned, touched)
      SELECT 'm' || i, 'M', 0, 'member', 0, 0, 0 FROM n`);
    room.settle();
    await openTogether(accessTo(rooms), files);
    expect(rooms.asked).toBe(200);
  });
});

it('[FILE12] an answer covers the files around the one asked for, in earlier and later messages', async () => {
  const rooms = new Rooms();
  const before = Array.from({ length: 260 }, () => rooms.sent('general'));
  const asked = rooms.sent('general');
  const after = Array.from({ length: 260 }, () => rooms.sent('general'));
  const access = accessTo(rooms);
  await access.find('general', bob, asked, NOW);
  for (const fileId of [...before.slice(-249), ...after.slice(0, 250)]) {
    expect(await access.find('general', bob, fileId, NOW)).toMatchObject({ file: { fileId } });
  }
  expect(rooms.asked).toBe(1);
  await access.find('general', bob, before[0]!, NOW);
  await access.find('general', bob, after[255]!, NOW);
  expect(rooms.asked).toBe(3);
});

describe.each([
  ['general', 'open', {}],
  ['general', 'private', {}],
  ['general', 'of tokens only', { tokenRoomsOnly: true }],
  [DIRECT, 'direct', {}],
] as const)('in %s, which is %s', (roomId, kind, limits) => {
  const granted = { rooms: { [roomId]: 'member' } } as const;
  const owner = { ...alice, ...(kind !== 'direct' && granted) };
  const readers: readonly Identity[] = [
    owner,
    bob,
    carol,
    person('a stranger'),
    { ...person('one whom a token names'), ...granted },
    { ...person('banned'), ...granted },
    { ...person('kicked out'), ...granted },
    { ...admin, userId: 'banned' },
  ];

  function prepare(rooms: Rooms): string {
    const room = rooms.of(roomId);
    if (kind === 'direct') room.ask(admin, 'openDirect', { userId: 'alice', other: 'bob' });
    const fileId = rooms.sent(roomId, owner);
    if (kind === 'direct') return fileId;
    room.ask(admin, 'setRole', { userId: 'bob', role: 'viewer' });
    for (const userId of ['banned', 'kicked out']) {
      room.ask(admin, 'setRole', { userId, role: 'viewer' });
      room.ask(admin, userId === 'banned' ? 'banMember' : 'kickMember', { userId });
    }
    if (kind === 'private') room.ask(admin, 'updateRoom', { private: true });
    return fileId;
  }

  it('[FILE12] the room is asked only for readers that it refuses', async () => {
    const rooms = new Rooms(limits);
    const fileId = prepare(rooms);
    const access = accessTo(rooms);
    await access.find(roomId, owner, fileId, NOW);
    let admitted = 0;
    for (const reader of readers) {
      const { asked } = rooms;
      const expected = rooms.of(roomId).execute(reader, 'getFile', { fileId });
      const found = access.find(roomId, reader, fileId, NOW);
      if (expected.ok) {
        expect(await found).toMatchObject({ file: { fileId } });
        expect(rooms.asked).toBe(asked);
        admitted++;
      } else {
        await expect(found).rejects.toMatchObject({ problem: { code: expected.error.code } });
        expect(rooms.asked).toBe(asked + 1);
      }
    }
    expect(admitted).toBeGreaterThan(1);
    expect(admitted).toBeLessThan(readers.length);
  });
});

it('[FILE12] a reader who was unbanned or added, or whose kick has ended, is admitted at once', async () => {
  const rooms = new Rooms();
  const room = rooms.of('general');
  const files = [rooms.sent('general'), rooms.sent('general')];
  room.ask(alice, 'updateRoom', { private: true });
  room.ask(alice, 'setRole', { userId: 'bob', role: 'viewer' });
  room.ask(alice, 'kickMember', { userId: 'bob', seconds: 30 });
  room.ask(alice, 'setRole', { userId: 'carol', role: 'viewer' });
  room.ask(alice, 'banMember', { userId: 'carol' });
  const access = accessTo(rooms);
  await access.find('general', alice, files[0]!, NOW);
  expect(rooms.asked).toBe(1);
  const read = (reader: Identity, now: number) => access.find('general', reader, files[0]!, now);
  await expect(read(bob, NOW)).rejects.toMatchObject({ problem: { code: 'forbidden' } });
  await expect(read(carol, NOW)).rejects.toMatchObject({ problem: { code: 'banned' } });
  expect(rooms.asked).toBe(3);
  await read(bob, NOW + 30_000);
  expect(rooms.asked).toBe(3);
  room.ask(alice, 'unbanMember', { userId: 'carol' });
  room.ask(alice, 'setRole', { userId: 'carol', role: 'viewer' });
  for (const fileId of [...files, ...files]) await access.find('general', carol, fileId, NOW);
  expect(rooms.asked).toBe(4);
});

it.each(['banMember', 'kickMember'] as const)(
  '[FILE12] a reader is refused a minute after %s at the latest',
  async (command) => {
    const rooms = new Rooms();
    const access = accessTo(rooms);
    const fileId = rooms.sent('general');
    rooms.of('general').ask(bob, 'message', { message: 'hello' });
    await access.find('general', bob, fileId, NOW);
    rooms.of('general').ask(alice, command, { userId: 'bob' });
    const later = access.find('general', bob, fileId, NOW + MINUTE_MS);
    await expect(later).rejects.toMatchObject({
      problem: { code: command === 'banMember' ? 'banned' : 'forbidden' },
    });
    const found = await access.find('general', carol, fileId, NOW + MINUTE_MS);
    expect(found).toMatchObject({ file: { fileId } });
  },
);

it('[FILE12] a deleted file, and a file of a deleted room, is refused a minute later at the latest', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const [first, second] = [rooms.sent('general'), rooms.sent('general')];
  await access.find('general', bob, second, NOW);
  rooms.of('general').ask(alice, 'deleteMessage', { seq: 1 });
  const deleted = access.find('general', bob, first, NOW + MINUTE_MS);
  await expect(deleted).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  await access.find('general', bob, second, NOW + MINUTE_MS);
  rooms.of('general').ask(admin, 'deleteRoom', {});
  const closed = access.find('general', bob, second, NOW + 2 * MINUTE_MS);
  await expect(closed).rejects.toMatchObject({ problem: { code: 'room_not_found' } });
});

it('[FILE12] a file is remembered for its own room only; refusals and unsent files are not remembered', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const fileId = rooms.sent('general');
  rooms.sent('other');
  await access.find('general', bob, fileId, NOW);
  const elsewhere = () => access.find('other', bob, fileId, NOW);
  await expect(elsewhere()).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  await expect(elsewhere()).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  expect(rooms.asked).toBe(3);
  const waiting = rooms.stored('general');
  await access.find('general', alice, waiting, NOW);
  const ofAnother = access.find('general', bob, waiting, NOW);
  await expect(ofAnother).rejects.toMatchObject({ problem: { code: 'file_not_found' } });
  expect(rooms.asked).toBe(5);
});

it('[FILE12] each made-up file costs a question, without delaying readers of other files', async () => {
  const rooms = new Rooms();
  const access = accessTo(rooms);
  const files = rooms.thirty('general');
  const madeUp = Array.from({ length: 100 }, (_, at) =>
    access.find('general', bob, `made up ${at}`, NOW).catch(() => 'refused'),
  );
  await openTogether(access, files);
  expect(await Promise.all(madeUp)).toEqual(madeUp.map(() => 'refused'));
  // Everybody waits for the first question, which answers none of them; then each file is asked for.
  const { asked } = rooms;
  expect(asked).toBeLessThanOrEqual(100 + 30);
  await openTogether(access, files);
  expect(rooms.asked).toBe(asked);
});

it('[FILE12] the oldest rooms are forgotten, so that memory stays bounded however many members they list', async () => {
  const asked: string[] = [];
  const members = Array.from({ length: 1_000 }, (_, at) => ({
    userId: `m${at}`,
    role: 'member' as const,
    banned: false,
  }));
  const readers = { private: true, importing: false, tokenRoomsOnly: false, members };
  const file = { fileId: 'f', name: 'a', type: 'image/png', size: 1, sha256: '' };
  const stored = { file, key: 'e/f' };
  const execute = (roomId: string) => {
    asked.push(roomId);
    return Promise.resolve({ ok: true, ...stored, around: { files: [stored], readers } });
  };
  const access = new FileAccess({ execute } as unknown as RoomDirectory, MINUTE_MS);
  const rooms = Array.from({ length: 60 }, (_, at) => `room ${at}`);
  for (const roomId of rooms) await access.find(roomId, person('m1'), 'f', NOW);
  for (const roomId of ['room 59', 'room 0']) await access.find(roomId, person('m2'), 'f', NOW);
  expect(asked).toEqual([...rooms, 'room 0']);
});
