import { trimReason } from '../transports/native/trim-reason.ts';

/**
 * How to answer a hibernatable socket's close: the runtime does not, and a browser would hang in
 * CLOSING. Nothing for a socket that is gone already; 1000 where the peer gave no code, because 1005
 * and other reserved ones cannot be sent; else what the peer said.
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
    // It was closed from this side before.
  }
}
