import { readToken } from '../protocol/payloads.ts';
import { internalProblem, invalidField, type Problem, Refusal } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Authenticate } from './authenticator.ts';
import { stripBearer } from './tokens.ts';

/** Verifies the token of a `refreshToken`: its identity, or why it is not valid. Never rejects. */
export async function verifyRefresh(
  payload: unknown,
  authenticate: Authenticate,
): Promise<Identity | Problem> {
  try {
    const token = readToken(payload);
    // Without a token the user would become a guest, where guests are allowed.
    if (stripBearer(token) === '') throw invalidField('token', 'must not be empty');
    return await authenticate({ token });
  } catch (error) {
    return error instanceof Refusal ? error.problem : internalProblem;
  }
}
