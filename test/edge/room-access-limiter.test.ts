import { describe, expect, it } from 'vitest';
import { RoomAccessLimiter } from '../../src/admission/room-access-limiter.ts';
import { Refusal } from '../../src/protocol/codes/errors.ts';
import { readSettings } from '../../src/settings/settings.ts';

const NOW = 1_800_000_000_000;

function visits(settings: Record<string, string> = {}): RoomAccessLimiter {
  return new RoomAccessLimiter(readSettings(settings).settings.limits);
}

/** How long somebody waits for each of so many rooms, asked for at once; refused ones are left out. */
function waits(
  of: RoomAccessLimiter,
  rooms: readonly string[],
  now = NOW,
  userId = 'mallory',
): number[] {
  return rooms.flatMap((roomId) => {
    try {
      return [of.waitMs(userId, roomId, now)];
    } catch (error) {
      expect((error as Refusal).problem).toMatchObject({ code: 'rate_limited' });
      return [];
    }
  });
}

const roomsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => `room ${first + at}`);
const oneRoom = (times: number) => Array<string>(times).fill('room 1');

describe('what a user asks of rooms', () => {
  it('is done at once, and spread over time when much is asked at once', () => {
    expect(waits(visits(), oneRoom(9))).toEqual([0, 0, 0, 0, 10, 20, 30, 40, 50]);
    expect(waits(visits(), roomsFrom(1, 5))).toEqual([0, 0, 0, 20, 40]);
  });

  it('is not spread where they may do more', () => {
    const all = waits(visits({ COMMANDS_PER_SECOND: '100000' }), oneRoom(1_000));
    expect(Math.max(...all)).toBeLessThan(40);
  });

  it('never waits for more than five seconds', () => {
    const all = waits(visits(), oneRoom(3_000));
    expect(all.length).toBe(504);
    expect(Math.max(...all)).toBe(5_000);
  });

  it('is of a hundred new rooms at once, and of ten a second from then on', () => {
    const mine = visits();
    expect(waits(mine, roomsFrom(1, 300)).length).toBe(100);
    expect(waits(mine, roomsFrom(301, 100), NOW + 2_000).length).toBe(20);
    expect(waits(mine, roomsFrom(401, 300), NOW + 3_600_000).length).toBe(100);
  });

  it('tells when the next room may be entered', () => {
    const mine = visits();
    waits(mine, roomsFrom(1, 100));
    const refused = () => mine.waitMs('mallory', 'room 101', NOW + 40);
    expect(refused).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ retryAfterMs: 60 }) as unknown,
      }),
    );
  });

  it('is of no new room where they have been lately, and of others for others', () => {
    const mine = visits();
    waits(mine, roomsFrom(1, 300));
    expect(waits(mine, roomsFrom(1, 100), NOW + 10).length).toBe(100);
    expect(waits(mine, roomsFrom(1, 300), NOW, 'ann').length).toBe(100);
  });

  it('goes on when the clock has gone back', () => {
    const mine = visits();
    waits(mine, roomsFrom(1, 100));
    expect(waits(mine, roomsFrom(101, 1), NOW - 3_600_000)).toEqual([0]);
  });

  it('is bounded for everybody but admins', async () => {
    const mine = visits();
    for (const roomId of roomsFrom(1, 300))
      await mine.acquire({ userId: 'root', admin: true }, roomId);
    expect(waits(mine, roomsFrom(1, 300), Date.now(), 'root').length).toBe(100);
  });
});
