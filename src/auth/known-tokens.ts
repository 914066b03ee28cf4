import type { Identity } from '../protocol/identity.ts';
import { fixed } from '../protocol/codes/limits.ts';

/** Together at most 4 MiB of tokens; the oldest is verified again when it next comes. */
const MAX_TOKENS = 1_000;

/**
 * Identities of tokens that have been verified, until they expire: a client sends the same token with
 * every request, and a signature costs as much as the rest of a small request. Only for keys that
 * stay valid for as long as this lives.
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
    // Shared from now on.
    this.#identities.set(token, Object.freeze(identity));
    if (this.#identities.size <= MAX_TOKENS) return;
    for (const oldest of this.#identities.keys()) {
      this.#identities.delete(oldest);
      return;
    }
  }
}
