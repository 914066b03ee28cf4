import type { Payload } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import { exceedsBytes } from '../../protocol/text.ts';

/**
 * Checks the size of a text and of its `meta`, both in UTF-8 bytes.
 * @throws Refusal `too_large`
 */
export function assertSizes(
  { message, meta }: { message: string } & Pick<Payload<'message'>, 'meta'>,
  maxBytes: number,
): void {
  if (exceedsBytes(message, maxBytes)) {
    throw new Refusal('too_large', `Keep a message under ${maxBytes} bytes.`, { field: 'message' });
  }
  if (meta !== undefined && exceedsBytes(JSON.stringify(meta), fixed.metaBytes)) {
    throw new Refusal('too_large', `Keep meta under ${fixed.metaBytes} bytes.`, { field: 'meta' });
  }
}

/** The users whom a message mentions, except its sender; counted as unread mentions. */
export function mentionedOthers({
  mentions = [],
  senderId,
}: Pick<Message, 'mentions' | 'senderId'>): string[] {
  return mentions.filter((userId) => userId !== senderId);
}
