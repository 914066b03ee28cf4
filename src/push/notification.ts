import type { Notice } from '../protocol/inbox-objects.ts';

/** How much of a message a notification shows. */
export type PushContent = 'full' | 'sender' | 'none';

/** The most that one push holds, in bytes of UTF-8: its record has 4,096 with header and padding. */
const MAX_BYTES = 3_900;

/** The text of a push, as JSON; see docs/protocol.md. */
export function notificationOf(
  { userId, roomId, read }: { userId: string; roomId: string; read: readonly string[] },
  notice: Notice,
  content: PushContent,
): string {
  const { seq, kind, timestamp, unread } = notice;
  const fixed = { type: 'message', userId, roomId, kind, seq, timestamp, unread };
  const shown = { ...fixed, ...contentOf(notice, content) };
  for (let count = read.length; count > 0; count--) {
    const text = JSON.stringify({ ...shown, read: read.slice(0, count) });
    if (new TextEncoder().encode(text).byteLength <= MAX_BYTES) return text;
  }
  return JSON.stringify({ ...shown, read: [] });
}

function contentOf(
  { topic, senderId, sender, excerpt, mention }: Notice,
  content: PushContent,
): object {
  if (content === 'none') return {};
  const about = {
    ...(topic !== undefined && { topic: Array.from(topic).slice(0, 100).join('') }),
    senderId,
    sender,
    ...(mention && { mention: true }),
  };
  return content === 'sender' ? about : { ...about, text: excerpt };
}
