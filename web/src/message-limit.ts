/** The server's limit unless an operator sets `MAX_MESSAGE_BYTES`. */
const DEFAULT_BYTES = 8_192;

let bytes = DEFAULT_BYTES;
let isAsked = false;

/** The most bytes a message may have: the default, until the server's own limit is known. */
export function messageLimit(): number {
  return bytes;
}

/** Asks the server for its limit, once. @param answered called with the answer in effect */
export async function askMessageLimit(answered: () => void): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  try {
    const health = (await (await fetch('/health')).json()) as { messageBytes?: number };
    bytes = health.messageBytes ?? bytes;
    answered();
  } catch {
    // Offline: the next long text asks again.
    isAsked = false;
  }
}
