import { Refused, tokenEnded } from './refused.ts';

/**
 * A token, or a function that returns one, called again when a token is about to expire or was
 * not accepted.
 */
export type TokenSource = string | (() => string | Promise<string>);

/** The token in use, shared by all rooms. */
export class Tokens {
  /** Asks for a new token; undefined where there is only one, or none. */
  readonly #ask: (() => string | Promise<string>) | undefined;
  #held: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(source: TokenSource | undefined) {
    if (typeof source === 'function') this.#ask = source;
    else this.#held = source;
  }

  /** Whether a new token can be had. */
  get canRenew(): boolean {
    return this.#ask !== undefined;
  }

  /**
   * @param spent a token that is no longer accepted: another one is wanted
   * @throws Refused `token_expired` when there can be no other; or what the source throws
   */
  async get(spent?: string): Promise<string | undefined> {
    if (this.#held !== spent) return this.#held;
    // Not called at once: it may throw before a caller has the promise.
    if (this.#ask) return (this.#asking ??= this.#keep(Promise.resolve().then(this.#ask)));
    if (spent !== undefined) throw new Refused(tokenEnded);
    return undefined;
  }

  async #keep(asked: Promise<string>): Promise<string> {
    try {
      return (this.#held = await asked);
    } finally {
      this.#asking = undefined;
    }
  }
}
