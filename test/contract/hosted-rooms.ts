import { describe, expect, it } from 'vitest';
import type { RoomDirectory } from '../../src/host/room-directory.ts';

/** A client of a room, as far as the contract needs it. */
export interface Listener {
  /** All received tuples. */
  lines(): readonly [string, ...unknown[]][];
  send(name: string, payload: object, ref: number): void;
  /** Resolves with the code when its connection is closed. */
  ended: Promise<number>;
  /** Closes the connection from the client's side, in the same turn as the commands sent before. */
  close(): void;
}

/** Causes a fault of the storage below our code. @returns a function that ends it */
export type Fault = (roomId: string) => Promise<() => Promise<void>>;

/** A fault that makes commits fail. */
export interface CommitFault {
  fault: Fault;
  /** Whether it also ends connections. */
  closes: boolean;
  /** Whether uncommitted writes are surely lost; otherwise they may be stored unacknowledged. */
  loses: boolean;
}

/** Rooms on a host, and what the contract does to them. */
export interface HostedRooms {
  directory: Pick<RoomDirectory, 'execute'>;
  join(roomId: string, userId: string): Promise<Listener>;
  /** Evicts a quiet room from memory; its connections stay. */
  evict(roomId: string): Promise<void>;
  /** Runs an SQL statement in the database of an evicted room. */
  alter(roomId: string, statement: string): Promise<void>;
  commitFaults: Readonly<Record<string, CommitFault>>;
}

const alice = { userId: 'alice', name: 'Alice' };

/** Close codes after which a client reconnects. */
const COME_BACK = [1006, 4000];

/** The contract of a host's rooms when commits or storage fail, or a room is evicted. */
export function hostedRoomsContract(open: () => HostedRooms): void {
  const say = async ({ directory }: HostedRooms, roomId: string, message: string) => {
    const { ok } = await directory.execute(roomId, alice, 'message', { message });
    return ok;
  };
  const stored = async ({ directory }: HostedRooms, roomId: string): Promise<string[]> => {
    const reply = await directory.execute(roomId, alice, 'getHistory', {});
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.messages.map(({ message }) => message.slice(0, 20));
  };
  const heard = (listener: Listener) =>
    listener
      .lines()
      .flatMap(([name, payload]) =>
        name === 'message' ? [(payload as { message: string }).message] : [],
      );
  const founded = async (rooms: HostedRooms) => {
    const roomId = `room ${crypto.randomUUID()}`;
    expect(await say(rooms, roomId, 'before')).toBe(true);
    return roomId;
  };
  describe.each(Object.entries(open().commitFaults))(
    'a commit that fails by %s',
    (_, { fault, closes, loses }) => {
      it('acknowledges nothing, sends nothing, and keeps what was stored before', async () => {
        const rooms = open();
        const roomId = await founded(rooms);
        const mend = await fault(roomId);
        const bob = await rooms.join(roomId, 'bob');
        const long = 'x'.repeat(8_000);
        const replies = [1, 2, 3].map((at) => say(rooms, roomId, `${at} ${long}`));
        expect(await Promise.all(replies)).toEqual([false, false, false]);
        if (closes) expect(COME_BACK).toContain(await bob.ended);
        expect(heard(bob)).toEqual([]);
        await mend();
        const kept = await stored(rooms, roomId);
        expect(kept.slice(0, loses ? undefined : 1)).toEqual(['before']);
        const again = await rooms.join(roomId, 'bob');
        expect(await say(rooms, roomId, 'after')).toBe(true);
        await expect.poll(() => heard(again)).toEqual(['after']);
        expect(await stored(rooms, roomId)).toEqual([...kept, 'after']);
      });
    },
  );

  it('a room that cannot be opened answers `unavailable` and closes its connections until it can', async () => {
    const rooms = open();
    const roomId = await founded(rooms);
    const bob = await rooms.join(roomId, 'bob');
    await rooms.evict(roomId);
    await rooms.alter(roomId, 'INSERT INTO migrations (version) VALUES (9999)');
    expect(await rooms.directory.execute(roomId, alice, 'getHistory', {})).toMatchObject({
      ok: false,
      error: { code: 'unavailable' },
    });
    await expect(rooms.join(roomId, 'carol')).rejects.toThrow(/cannot answer right now/);
    bob.send('getHistory', {}, 1);
    expect(await bob.ended).toBe(4000);
    expect(bob.lines().map(([name]) => name)).not.toContain('ack');
    await rooms.alter(roomId, 'DELETE FROM migrations WHERE version = 9999');
    expect(await say(rooms, roomId, 'after')).toBe(true);
    expect(await stored(rooms, roomId)).toEqual(['before', 'after']);
  });

  it('a room executes all commands that arrive during a flush, once and in order', async () => {
    const rooms = open();
    const roomId = await founded(rooms);
    const bob = await rooms.join(roomId, 'bob');
    const refs = Array.from({ length: 45 }, (_, at) => at);
    const asked: Promise<boolean>[] = [];
    for (const ref of refs) {
      bob.send('message', { message: `bob ${ref}` }, ref);
      asked.push(say(rooms, roomId, `alice ${ref}`));
      // Some commands arrive in later turns.
      if (ref % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(await Promise.all(asked)).toEqual(refs.map(() => true));
    await expect.poll(() => heard(bob).length).toBeGreaterThanOrEqual(refs.length);
    const acks = () => bob.lines().flatMap(([name, ref]) => (name === 'ack' ? [ref] : []));
    await expect.poll(() => acks()).toEqual(refs);
    const all = await rooms.directory.execute(roomId, alice, 'getHistory', { limit: 100 });
    if (!all.ok) throw new Error(all.error.message);
    const last = all.messages.map(({ message }) => message);
    expect(last.filter((message) => message.startsWith('bob'))).toEqual(
      refs.map((ref) => `bob ${ref}`),
    );
    // Alice's commands are separate calls, which may overtake one another.
    expect(last.toSorted()).toEqual(
      ['before', ...refs.flatMap((ref) => [`alice ${ref}`, `bob ${ref}`])].toSorted(),
    );
  });

  it('a room executes commands that a client sent right before it closed', async () => {
    const rooms = open();
    const roomId = await founded(rooms);
    const bob = await rooms.join(roomId, 'bob');
    const carol = await rooms.join(roomId, 'carol');
    bob.send('message', { message: 'goodbye' }, 1);
    bob.close();
    const left = () => carol.lines().filter(([name]) => name === 'userLeft');
    await expect.poll(() => left().length).toBe(1);
    expect(heard(carol)).toEqual(['goodbye']);
    expect(await stored(rooms, roomId)).toEqual(['before', 'goodbye']);
  });

  it('an evicted room is found again by its connections', async () => {
    const rooms = open();
    const roomId = await founded(rooms);
    const bob = await rooms.join(roomId, 'bob');
    const carol = await rooms.join(roomId, 'carol');
    await rooms.evict(roomId);
    bob.send('message', { message: 'still here' }, 1);
    await expect.poll(() => heard(carol)).toEqual(['still here']);
    await expect.poll(() => bob.lines().map(([name]) => name)).toContain('ack');
    expect(
      await rooms.directory.execute(roomId, alice, 'getMembers', { online: true }),
    ).toMatchObject({ onlineCount: 2 });
  });
}
