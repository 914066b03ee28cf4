import { keyOf, signToken } from '../../src/auth/tokens.ts';

/** The secret with which the tests' hosts sign and verify tokens. */
export const SECRET = 'a secret for tests, longer than thirty-two bytes';

export type Claims = Record<string, unknown>;

/** The time in an hour, in epoch seconds. */
export function inAnHour(): number {
  return Math.floor(Date.now() / 1_000) + 3_600;
}

/** A token for a user that expires in an hour; `claims` add to or replace the usual ones. */
export function tokenFor(userId: string, claims: Claims = {}): Promise<string> {
  return signToken({ sub: userId, name: userId, exp: inAnHour(), ...claims }, keyOf(SECRET));
}

/** A token with a user id but no name. */
export function namelessToken(userId: string): Promise<string> {
  return signToken({ sub: userId, exp: inAnHour() }, keyOf(SECRET));
}
