import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { Excerpt } from '../../protocol/inbox-objects.ts';
import type { FileInfo, Message } from '../../protocol/objects.ts';

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
export function lastOf({ seq, senderId, sender, message, files, timestamp }: Message): Excerpt {
  const excerpt = excerptOf(message) || excerptOf(nameOf(files));
  return { seq, senderId, sender, excerpt, timestamp };
}

/** Of a message without text: the names of its files. */
function nameOf(files: readonly FileInfo[] = []): string {
  return files.length === 0 ? '' : `\u{1F4CE} ${files.map(({ name }) => name).join(', ')}`;
}
