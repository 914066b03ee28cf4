import { describe, expect, it } from 'vitest';
import { RoomAccessLimiter } from '../../../src/admission/room-access-limiter.ts';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const NOW = 1_800_000_000_000;

function limiter(settings: Record<string, string> = {}): RoomAccessLimiter {
  return new RoomAccessLimiter(readSettings(settings).settings.limits);
}

/** How long, in milliseconds, a user waits for each room when all are asked for at once; refused ones are omitted. */
function waits(
  limiter: RoomAccessLimiter,
  rooms: readonly string[],
  now = NOW,
  userId = 'mallory',
): number[] {
  return rooms.flatMap((roomId) => {
    try {
      return [limiter.waitMs({ userId }, roomId, now)];
    } catch (error) {
      expect((error as Refusal).problem).toMatchObject({ code: 'rate_limited' });
      return [];
    }
  });
}

const roomsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => `room ${first + at}`);
const oneRoom = (times: number) => Array<string>(times).fill('room 1');

describe('a user at the edge', () => {
  it('[ADM5] [LIM5] has the first requests at once, then one every 10 ms, or every 20 ms to new rooms', () => {
    expect(waits(limiter(), oneRoom(9))).toEqual([0, 0, 0, 0, 10, 20, 30, 40, 50]);
    expect(waits(limiter(), roomsFrom(1, 5))).toEqual([0, 0, 0, 20, 40]);
  });

  it('[ADM5] may send requests faster if COMMANDS_PER_SECOND allows more', () => {
    const all = waits(limiter({ COMMANDS_PER_SECOND: '100000' }), oneRoom(1_000));
    expect(Math.max(...all)).toBeLessThan(40);
  });

  it('[ADM5] never waits longer than five seconds', () => {
    const all = waits(limiter(), oneRoom(3_000));
    expect(all.length).toBe(504);
    expect(Math.max(...all)).toBe(5_000);
  });

  it('[ADM5] [LIM9] may ask four times as often if it is a bot', () => {
    const rooms = limiter();
    const bot = { userId: 'bot', bot: true as const };
    rooms.waitMs(bot, 'room 1', NOW - 1_000);
    const all = Array.from({ length: 24 }, () => rooms.waitMs(bot, 'room 1', NOW));
    expect(all.slice(0, 20)).toEqual(Array(20).fill(0));
    expect(all.at(-1)).toBe(10);
  });

  it('[ADM4] [LIM5] may enter a burst of 100 new rooms, then 10 a second', () => {
    const rooms = limiter();
    expect(waits(rooms, roomsFrom(1, 300)).length).toBe(100);
    expect(waits(rooms, roomsFrom(301, 100), NOW + 2_000).length).toBe(20);
    expect(waits(rooms, roomsFrom(401, 300), NOW + 3_600_000).length).toBe(100);
  });

  it('[ADM4] is refused with the time until the next new room', () => {
    const rooms = limiter();
    waits(rooms, roomsFrom(1, 100));
    const refused = () => rooms.waitMs({ userId: 'mallory' }, 'room 101', NOW + 40);
    expect(refused).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ retryAfterMs: 60 }) as unknown,
      }),
    );
  });

  it('[ADM4] [LIM5] may come back to the last 100 rooms for free, and has their own allowance', () => {
    const rooms = limiter();
    waits(rooms, roomsFrom(1, 300));
    expect(waits(rooms, roomsFrom(1, 100), NOW + 10).length).toBe(100);
    expect(waits(rooms, roomsFrom(1, 300), NOW, 'ann').length).toBe(100);
  });

  it('[ADM4] may continue when the clock is set back', () => {
    const rooms = limiter();
    waits(rooms, roomsFrom(1, 100));
    expect(waits(rooms, roomsFrom(101, 1), NOW - 3_600_000)).toEqual([0]);
  });

  it('[ADM4] [LIM5] has no limit of new rooms as an admin', async () => {
    const rooms = limiter();
    for (const roomId of roomsFrom(1, 300))
      await rooms.acquire({ userId: 'root', admin: true }, roomId);
    expect(waits(rooms, roomsFrom(1, 300), Date.now(), 'root').length).toBe(100);
  });
});
