import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';

/**
 * The actor's own reactions to some messages, by `seq`. Only replies carry them: an event is the
 * same for every connection.
 */
export function ownReactions(
  { reactions, actor }: Context,
  messages: readonly Message[],
): { myReactions?: Record<string, string[]> } {
  const seqs = messages.filter((message) => message.reactions !== undefined).map(({ seq }) => seq);
  if (seqs.length === 0) return {};
  const given: Record<string, string[]> = {};
  for (const { seq, emoji } of reactions.on(seqs, actor.identity.userId)) {
    (given[seq] ??= []).push(emoji);
  }
  return Object.keys(given).length > 0 ? { myReactions: given } : {};
}
