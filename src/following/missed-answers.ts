import type { Reply } from '../protocol/commands.ts';
import { ackLine, type Command, isReply, payloadIn, type Result } from '../protocol/frames.ts';

/**
 * Missed messages whose sender waits for an answer are the answers, in their place: one that came when
 * it is sent again would come after messages that were said after it.
 * @param unanswered commands by ref; those that are answered here are removed
 */
export function withAnswers(
  lines: readonly string[],
  unanswered: Map<number, Command>,
  userId: string,
): readonly string[] {
  const refs = new Map<unknown, number>();
  for (const [ref, { name, payload }] of unanswered) {
    if (name === 'message') refs.set((payload as { id?: unknown }).id, ref);
  }
  if (refs.size === 0) return lines;
  return lines.map((line) => {
    if (isReply(line)) return line;
    const message = payloadIn<'message'>(line);
    const ref = refs.get(message.id);
    if (ref === undefined || message.senderId !== userId) return line;
    refs.delete(message.id);
    unanswered.delete(ref);
    const answer: Result<Reply<'message'>> = { ok: true, message };
    return ackLine(ref, answer);
  });
}
