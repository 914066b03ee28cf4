import { invalidField } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { nameOfId, wrongUsername } from '../../protocol/text.ts';
import type { Name } from '../ports.ts';

/**
 * How a user is shown. The token's name is the only verified one; a claimed name counts only
 * without it.
 * @param field where the claim stands in the payload
 * @throws Refusal `invalid_payload` for a claim that counts and does not fit
 */
export function nameOf(identity: Identity, claim: unknown, field: string): Name {
  if (identity.name !== undefined) return { username: identity.name };
  if (claim === undefined) return { username: nameOfId(identity.userId) };
  const why = typeof claim === 'string' ? wrongUsername(claim) : 'must be a string';
  if (why !== undefined) throw invalidField(field, why);
  return { username: claim as string, unverified: true };
}
