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
 * The unauthenticated Socket.IO sessions of an isolate. Anybody may open one, and each takes memory.
 * A Worker's request cannot close what another request opened, so this host cannot drop the oldest
 * one, as the Node host does. Instead, when there are many, new ones are delayed and close sooner.
 */
export class PendingHandshakes {
  readonly #timeoutMs: number;
  /** When each was opened, in epoch milliseconds; the oldest first. */
  readonly #since = new Map<PendingHandshake, number>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param now epoch milliseconds */
  isCrowded(now: number): boolean {
    // After the timeout it has closed itself, whether or not its client has answered the close.
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
