import { keyOf, signToken } from '../../src/auth/tokens.ts';

/** What the hosts of tests sign and check tokens with. */
export const SECRET = 'a secret for tests, longer than thirty-two bytes';

export type Claims = Record<string, unknown>;

/** An hour from now, in epoch seconds. */
export function inAnHour(): number {
  return Math.floor(Date.now() / 1_000) + 3_600;
}

/** A token for a user; `claims` add to or replace what a sign-in would put there. */
export function tokenFor(userId: string, claims: Claims = {}): Promise<string> {
  return signToken({ sub: userId, name: userId, exp: inAnHour(), ...claims }, keyOf(SECRET));
}

/** A token that says who, but gives them no name. */
export function namelessToken(userId: string): Promise<string> {
  return signToken({ sub: userId, exp: inAnHour() }, keyOf(SECRET));
}
