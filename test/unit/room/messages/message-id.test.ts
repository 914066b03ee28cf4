import { describe, expect, it } from 'vitest';
import { messageId } from '../../../../src/room/messages/message-id.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const NOW = Date.UTC(2026, 6, 25, 17, 20);

describe('the id that a room gives a message', () => {
  it('is a version 7 UUID of the time and the random bits of the given UUID', () => {
    expect(messageId('9b2f6a4e-0c1d-4f3a-8b7e-5d6c7b8a9f01', NOW)).toBe(
      '019f9a4a-7a00-7f3a-8b7e-5d6c7b8a9f01',
    );
    expect(messageId(crypto.randomUUID(), NOW)).toMatch(UUID);
  });

  it('sorts by time, whatever its random bits', () => {
    const times = [0, 1, NOW, NOW + 1, NOW + 65_536, 2 ** 48 - 1];
    const ids = times.map((time) => messageId(crypto.randomUUID(), time));
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(UUID);
  });
});
