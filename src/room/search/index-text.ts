import { fold } from './fold.ts';
import { tokensOf } from './tokens.ts';

/**
 * How the search index takes its words: FTS5's `ascii` splits at nothing but spaces here, so that
 * each of our tokens stays whole. What it would split at does not occur in them.
 */
export const TOKENIZER = "ascii tokenchars '@_+#='";

/** What the index stores of a message: tokens in their order, who said it, single characters. */
export function indexText(message: string, senderId: string): string {
  const tokens = tokensOf(fold(message));
  const characters = new Set<string>();
  for (const { character } of tokens) {
    if (character !== undefined) characters.add(characterToken(character));
  }
  return [...tokens.map(({ text }) => text), senderToken(senderId), ...characters].join(' ');
}

/**
 * A character of a script in pairs, to be asked for alone. All pairs that begin with it would have
 * to be read together otherwise, in a big room a hundred times the work.
 */
export function characterToken(character: string): string {
  return `=${character}`;
}

/** Narrows a search to a user; others can share it, so the id itself is compared as well. */
export function senderToken(senderId: string): string {
  // oxlint-disable-next-line no-control-regex
  return `@${senderId.replaceAll(/[[\0-\x7f]--[A-Za-z0-9]]/gv, '_')}`;
}
