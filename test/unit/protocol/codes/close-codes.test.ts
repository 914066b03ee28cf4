import { describe, expect, it } from 'vitest';
import {
  type CloseCode,
  closeCodeOf,
  closeCodes,
  closeReasons,
} from '../../../../src/protocol/codes/close-codes.ts';
import { type ErrorCode, errorCodes } from '../../../../src/protocol/codes/errors.ts';

describe('close codes', () => {
  it('are those of docs/protocol.md', () => {
    expect(closeCodes).toEqual({
      normal: 1000,
      frameTooBig: 1009,
      goingAway: 4000,
      tooSlow: 4001,
      heartbeatLost: 4002,
      tokenExpired: 4003,
      unauthorized: 4500,
      kicked: 4501,
      banned: 4502,
      roomDeleted: 4503,
      protocolViolation: 4504,
      tooManyConnections: 4505,
    });
  });

  it('each have a sentence that fits in a Close frame', () => {
    for (const code of Object.values(closeCodes)) {
      const reason = closeReasons[code];
      expect(reason).toMatch(/^[A-Z].*\.$/);
      expect(new TextEncoder().encode(reason).byteLength).toBeLessThanOrEqual(123);
    }
  });

  const refused: [ErrorCode, CloseCode][] = [
    ['token_expired', 4003],
    ['unauthorized', 4500],
    ['forbidden', 4500],
    ['banned', 4502],
    ['room_not_found', 4503],
    ['too_many_connections', 4505],
    ['rate_limited', 4000],
    ['slow_mode', 4000],
    ['unavailable', 4000],
    ['internal', 4000],
    ['invalid_payload', 4504],
    ['unknown_command', 4504],
    ['muted', 4504],
    ['message_not_found', 4504],
    ['member_not_found', 4504],
    ['file_not_found', 4504],
    ['not_joined', 4504],
    ['conflict', 4504],
    ['refused', 4504],
    ['too_large', 4504],
    ['too_many_rooms', 4504],
  ];

  it.each(refused)('follow a join refused with %s: %i', (code, expected) => {
    expect(closeCodeOf(code)).toBe(expected);
  });

  it('follow a join refused because of a kick: 4501', () => {
    expect(closeCodeOf('forbidden', 1_000)).toBe(4501);
  });

  it('ask to reconnect exactly if the error is temporary or the token has expired', () => {
    expect(refused.map(([code]) => code).toSorted()).toEqual(Object.keys(errorCodes).toSorted());
    for (const [code, closeCode] of refused) {
      const comesBack = closeCode >= 4000 && closeCode <= 4499;
      expect([code, comesBack]).toEqual([
        code,
        errorCodes[code].temporary || code === 'token_expired',
      ]);
    }
  });
});

describe('error codes', () => {
  it('have the HTTP statuses of the protocol', () => {
    const byStatus = Object.entries(errorCodes).map(([code, { status }]) => [status, code]);
    expect(byStatus).toEqual([
      [400, 'invalid_payload'],
      [400, 'unknown_command'],
      [401, 'unauthorized'],
      [401, 'token_expired'],
      [403, 'forbidden'],
      [403, 'banned'],
      [403, 'muted'],
      [404, 'room_not_found'],
      [404, 'message_not_found'],
      [404, 'member_not_found'],
      [404, 'file_not_found'],
      [409, 'not_joined'],
      [409, 'conflict'],
      [422, 'refused'],
      [413, 'too_large'],
      [429, 'rate_limited'],
      [429, 'slow_mode'],
      [429, 'too_many_rooms'],
      [429, 'too_many_connections'],
      [503, 'unavailable'],
      [500, 'internal'],
    ]);
  });
});
