import { trimReason } from '../transports/native/trim-reason.ts';

/**
 * The answer to a hibernatable socket's close. The runtime sends none, and without one a browser
 * hangs in CLOSING. Repeats the peer's code and reason; 1000 if the peer gave no code (1005) or a
 * reserved one, which cannot be sent; undefined for a socket that is gone already.
 */
export function closeAnswer(
  code: number,
  reason: string,
  wasClean: boolean,
): { code: number; reason: string } | undefined {
  if (!wasClean || code === 1006) return undefined;
  if (code === 1005) return { code: 1000, reason: '' };
  const isSendable = code >= 1000 && code <= 4999 && ![1004, 1015].includes(code);
  return isSendable ? { code, reason: trimReason(reason) } : { code: 1000, reason: '' };
}

/** Answers a hibernatable socket's close. Never throws. */
export function answerClose(
  socket: WebSocket,
  code: number,
  reason: string,
  wasClean: boolean,
): void {
  const answer = closeAnswer(code, reason, wasClean);
  if (answer === undefined) return;
  try {
    socket.close(answer.code, answer.reason);
  } catch {
    // It is closed already, from this side.
  }
}
