import type { Problem } from '../../protocol/codes/errors.ts';
import { ackLine, type Command, eventLine } from '../../protocol/frames.ts';

/** The most characters of a client's own texts that are sent back to it. */
const MAX_ECHOED = 64;

/** The answer to a refused command: an `ack`, or without a `ref` an `error` event that names it. */
export function refusalLine(
  { name, payload, ref }: Command,
  problem: Problem,
  roomId: string,
): string {
  if (ref !== undefined) return ackLine(ref, { ok: false, error: problem });
  const { id } = (payload ?? {}) as { id?: unknown };
  return eventLine('error', {
    ...problem,
    command: name.slice(0, MAX_ECHOED),
    roomId,
    ...(typeof id === 'string' && { id: id.slice(0, MAX_ECHOED) }),
  });
}
