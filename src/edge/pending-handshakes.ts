import { evictExpired } from '../admission/evict-expired.ts';
import { CROWDED_HANDSHAKES, CROWDED_TIMEOUT_MS } from '../admission/policies.ts';

/** A Socket.IO session that has not authenticated yet. */
export interface PendingHandshake {
  /** How long it has to authenticate, in milliseconds. */
  readonly timeoutMs: number;
  /** It has authenticated. */
  remove(): void;
}

/**
 * The unauthenticated Socket.IO sessions of an isolate. Anybody may open one, each takes memory, and
 * what one request has opened cannot be closed in another, so unlike the Node host this one cannot drop
 * the oldest. Instead, the more there are, the slower new ones are let in, and the sooner they close.
 */
export class PendingHandshakes {
  readonly #timeoutMs: number;
  /** When each was opened, in epoch milliseconds; the oldest stands first. */
  readonly #since = new Map<PendingHandshake, number>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param now epoch milliseconds */
  isCrowded(now: number): boolean {
    // By then it has closed itself, whether or not its client has answered that.
    evictExpired(this.#since, (since) => Math.abs(now - since) >= this.#timeoutMs);
    return this.#since.size >= CROWDED_HANDSHAKES;
  }

  /** @param now epoch milliseconds */
  add(now: number): PendingHandshake {
    const crowdedMs = Math.min(CROWDED_TIMEOUT_MS, this.#timeoutMs);
    const handshake = {
      timeoutMs: this.isCrowded(now) ? crowdedMs : this.#timeoutMs,
      remove: () => void this.#since.delete(handshake),
    };
    this.#since.set(handshake, now);
    return handshake;
  }
}
