/** How many rooms' names are remembered, those that were left included. */
const MAX_CLAIMS = 1_000;

/** The names that a client without one in its token claims, by room: the first in a room counts. */
export class NameClaims {
  readonly #claims: Map<string, unknown>;

  constructor(claims: Iterable<[string, unknown]> = []) {
    this.#claims = new Map(claims);
  }

  /** The payload of a join, with the name that was claimed at the first join of that room. */
  applyTo(roomId: string, join: object): object {
    return this.#claims.has(roomId) ? { ...join, username: this.#claims.get(roomId) } : join;
  }

  /** Remembers a claim if it is the room's first; forgets the oldest beyond `MAX_CLAIMS`. */
  add(roomId: string, claim: unknown): void {
    if (this.#claims.has(roomId)) return;
    this.#claims.set(roomId, claim);
    if (this.#claims.size <= MAX_CLAIMS) return;
    for (const oldest of this.#claims.keys()) {
      this.#claims.delete(oldest);
      return;
    }
  }

  /** The claims, for another holder of the socket. */
  handOver(): [string, unknown][] {
    return [...this.#claims];
  }
}
