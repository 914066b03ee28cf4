import { fold } from './fold.ts';
import { tokensOf } from './tokens.ts';

/**
 * The tokenizer of the search index: FTS5's `ascii`, which splits our tokens nowhere but at the spaces
 * between them. Other characters at which it would split do not occur in them.
 */
export const TOKENIZER = "ascii tokenchars '@_+#='";

/**
 * The text that is indexed for a message: its tokens in order, a token for its sender, single
 * characters.
 */
export function indexText(message: string, senderId: string): string {
  const tokens = tokensOf(fold(message));
  const characters = new Set<string>();
  for (const { character } of tokens) {
    if (character !== undefined) characters.add(characterToken(character));
  }
  return [...tokens.map(({ text }) => text), senderToken(senderId), ...characters].join(' ');
}

/**
 * The token for one character of a script that is indexed in pairs, so that it can be searched for
 * alone. Otherwise all pairs that begin with it would have to be read, a hundred times the work in a
 * big room.
 */
export function characterToken(character: string): string {
  return `=${character}`;
}

/**
 * The token that narrows a search to a sender. Other senders can share it, so the id itself is
 * compared, too.
 */
export function senderToken(senderId: string): string {
  // oxlint-disable-next-line no-control-regex
  return `@${senderId.replaceAll(/[[\0-\x7f]--[A-Za-z0-9]]/gv, '_')}`;
}
