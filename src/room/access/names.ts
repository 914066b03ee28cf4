import { invalidField } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { nameOfId, wrongUsername } from '../../protocol/text.ts';
import type { Name } from '../ports.ts';

/**
 * The name under which a user is shown. Only a name in the token is verified; a claimed name counts
 * only if the token has none.
 * @param field the field of the payload that holds the claim
 * @throws Refusal `invalid_payload` for a claim that counts and is no valid name
 */
export function nameOf(identity: Identity, claim: unknown, field: string): Name {
  const { name, userId, bot } = identity;
  if (name !== undefined) return { username: name, ...marksOf({ bot }) };
  if (claim === undefined) return { username: nameOfId(userId), ...marksOf({ bot }) };
  const why = typeof claim === 'string' ? wrongUsername(claim) : 'must be a string';
  if (why !== undefined) throw invalidField(field, why);
  return { username: claim as string, ...marksOf({ unverified: true, bot }) };
}

/** The marks shown beside a name, without those that are not set. */
export function marksOf({
  unverified,
  bot,
}: Partial<Record<'unverified' | 'bot', true | undefined>>): {
  unverified?: true;
  bot?: true;
} {
  return { ...(unverified && { unverified }), ...(bot && { bot }) };
}
