import type { Identity } from '../protocol/identity.ts';
import { fixed } from '../protocol/codes/limits.ts';

/**
 * The most tokens that are kept, together at most 4 MiB; above it the oldest is dropped and
 * verified again.
 */
const MAX_TOKENS = 1_000;

/**
 * Identities of tokens that have been verified, until they expire: a client sends the same token with
 * every request, and checking a signature costs as much as the rest of a small request. Only for keys
 * that stay valid for the lifetime of this cache.
 */
export class KnownTokens {
  readonly #identities = new Map<string, Readonly<Identity>>();

  /** @param now epoch milliseconds */
  get(token: string, now: number): Readonly<Identity> | undefined {
    const identity = this.#identities.get(token);
    if (identity === undefined) return undefined;
    if (now < (identity.expiresAt ?? 0) + fixed.clockToleranceMs) return identity;
    this.#identities.delete(token);
    return undefined;
  }

  /** Adds a token that has just been verified. */
  add(token: string, identity: Identity): void {
    // Frozen, because many requests share it from now on.
    this.#identities.set(token, Object.freeze(identity));
    if (this.#identities.size <= MAX_TOKENS) return;
    for (const oldest of this.#identities.keys()) {
      this.#identities.delete(oldest);
      return;
    }
  }
}
