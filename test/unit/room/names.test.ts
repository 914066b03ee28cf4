import { describe, expect, it } from 'vitest';
import { nameOf } from '../../../src/room/access/names.ts';
import { problemIn } from '../../support/refusals.ts';

function shown(identity: { userId: string; name?: string }, claim: unknown): unknown {
  try {
    return nameOf(identity, claim, 'username');
  } catch (error) {
    return problemIn(error);
  }
}

describe('a name', () => {
  it('[AUTH7] is the one in the token, even if another is claimed', () => {
    for (const claim of [undefined, 'Mallory', 7, null, {}, '']) {
      expect(shown({ userId: 'u1', name: 'Alice' }, claim)).toEqual({ username: 'Alice' });
    }
  });

  it('[AUTH7] is the claimed one, marked unverified, if the token has none', () => {
    expect(shown({ userId: 'u1' }, 'Bob')).toEqual({ username: 'Bob', unverified: true });
  });

  it('is the first 64 code points of the user id if there is no other', () => {
    expect(shown({ userId: 'u1' }, undefined)).toEqual({ username: 'u1' });
    expect(shown({ userId: '\u{1F600}'.repeat(70) }, undefined)).toEqual({
      username: '\u{1F600}'.repeat(64),
    });
  });

  it.each([
    ['', 'username must not be empty.'],
    [7, 'username must be a string.'],
    [null, 'username must be a string.'],
    ['\u3164', 'username must have something to see.'],
    ['a\u202Eb', 'username must not turn the direction of text around.'],
  ])('claimed as %j is refused', (claim, message) => {
    expect(shown({ userId: 'u1' }, claim)).toEqual({
      code: 'invalid_payload',
      message,
      field: 'username',
    });
  });
});
