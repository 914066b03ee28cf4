import { readToken } from '../protocol/commands.ts';
import { internalProblem, type Problem, Refusal } from '../protocol/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Authenticate } from './authenticator.ts';

/** Verifies the token of a `refreshToken`: whom it names, or why it does not hold. Never rejects. */
export async function verifyRefresh(
  payload: unknown,
  authenticate: Authenticate,
): Promise<Identity | Problem> {
  try {
    return await authenticate({ token: readToken(payload) });
  } catch (error) {
    return error instanceof Refusal ? error.problem : internalProblem;
  }
}
