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
  const { name, userId, bot } = identity;
  if (name !== undefined) return { username: name, ...marksOf({ bot }) };
  if (claim === undefined) return { username: nameOfId(userId), ...marksOf({ bot }) };
  const why = typeof claim === 'string' ? wrongUsername(claim) : 'must be a string';
  if (why !== undefined) throw invalidField(field, why);
  return { username: claim as string, ...marksOf({ unverified: true, bot }) };
}

/** What is shown beside a name, without what is not set. */
export function marksOf({
  unverified,
  bot,
}: Partial<Record<'unverified' | 'bot', true | undefined>>): {
  unverified?: true;
  bot?: true;
} {
  return { ...(unverified && { unverified }), ...(bot && { bot }) };
}
