import type { Dialer } from './dialer.ts';
import type { Environment } from './environment.ts';

/** A token is renewed after this part of its remaining life, and up to as much again at random. */
const RENEW_AFTER = 0.7;
const RENEW_SPREAD = 0.15;

/** Puts a newer token in place while the one of the connection still holds. */
export class TokenRenewal {
  readonly #dialer: Dialer;
  readonly #environment: Environment;
  readonly #againMs: number;
  readonly #offer: (token: string) => void;
  #cancel: (() => void) | undefined;
  /** Counts connections, so that what was fetched for an earlier one is not offered. */
  #generation = 0;

  /**
   * @param againMs the least wait, in milliseconds
   * @param offer shows a token to the room, and calls `schedule` once that has taken it
   */
  constructor(
    dialer: Dialer,
    environment: Environment,
    againMs: number,
    offer: (token: string) => void,
  ) {
    this.#dialer = dialer;
    this.#environment = environment;
    this.#againMs = againMs;
    this.#offer = offer;
  }

  schedule(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    const left = expiresAt - this.#environment.now();
    const wait = left * (RENEW_AFTER + RENEW_SPREAD * this.#environment.random());
    this.#cancel?.();
    this.#cancel = this.#environment.after(
      Math.max(wait, this.#againMs),
      () => void this.#renew(expiresAt),
    );
  }

  /** The connection has ended. */
  stop(): void {
    this.#generation++;
    this.#cancel?.();
  }

  async #renew(expiresAt: number): Promise<void> {
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation;
    try {
      const token = await this.#dialer.newerToken();
      if (token !== undefined && isCurrent()) this.#offer(token);
    } catch {
      // Until the token has ended there is time to try again.
      if (isCurrent() && this.#environment.now() < expiresAt) this.schedule(expiresAt);
    }
  }
}
