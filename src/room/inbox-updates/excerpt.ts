import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { Excerpt } from '../../protocol/inbox-objects.ts';
import type { FileInfo, Message } from '../../protocol/objects.ts';

/** The beginning of a text on one line: at most 100 code points, none of them cut in half. */
export function excerptOf(text: string): string {
  // The first 1,000 units are enough for 100 code points, unless they are mostly white space.
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

/** The names of a message's files, for a message without text. */
function nameOf(files: readonly FileInfo[] = []): string {
  return files.length === 0 ? '' : `\u{1F4CE} ${files.map(({ name }) => name).join(', ')}`;
}
