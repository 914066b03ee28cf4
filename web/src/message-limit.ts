/** The server's bound unless an operator sets `MAX_MESSAGE_BYTES`. */
const DEFAULT_BYTES = 8_192;

let bytes = DEFAULT_BYTES;
let isAsked = false;

/** The most bytes that a message may have: the default, until the server has said its own. */
export function messageLimit(): number {
  return bytes;
}

/** Asks the server once, when a text first comes near the limit. @param told its answer is here */
export async function askMessageLimit(told: () => void): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  try {
    const health = (await (await fetch('/health')).json()) as { messageBytes?: number };
    bytes = health.messageBytes ?? bytes;
    told();
  } catch {
    // Offline: the next text that is long asks again.
    isAsked = false;
  }
}
