import type { Reply } from '../protocol/commands.ts';
import { ackLine, type Command, isReply, payloadIn, type Result } from '../protocol/frames.ts';

/**
 * Turns missed messages that the client itself sent and has no reply for into those replies, in their
 * place. If the command were repeated instead, its reply would arrive after messages that are newer.
 * @param unanswered commands without a reply, by ref; those that are answered here are removed
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
