import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { Excerpt } from '../../protocol/inbox-objects.ts';
import type { Message } from '../../protocol/objects.ts';

/** The beginning of a text on one line, without a code point in half: 100 code points at most. */
export function excerptOf(text: string): string {
  // No more of a long text than can be in it, white space apart.
  const line = text.slice(0, 1_000).replaceAll(/\s+/gu, ' ').trim();
  return Array.from(line)
    .slice(0, inboxLimits.excerpt)
    .join('')
    .toWellFormed()
    .replace(/\uFFFD$/u, '');
}

/** A message as a list of conversations shows it. */
export function lastOf({ seq, senderId, sender, message, timestamp }: Message): Excerpt {
  return { seq, senderId, sender, excerpt: excerptOf(message), timestamp };
}
