import { Refused, tokenEnded } from './refused.ts';

/**
 * A token, or a function that returns one, called again when a token is about to expire or was
 * not accepted.
 */
export type TokenSource = string | (() => string | Promise<string>);

/** The token in use, shared by all rooms. */
export class Tokens {
  readonly #source: TokenSource | undefined;
  #held: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(source: TokenSource | undefined) {
    this.#source = source;
  }

  /** Whether a new token can be had. */
  get canRenew(): boolean {
    return typeof this.#source === 'function';
  }

  /**
   * @param spent a token that is no longer accepted: another one is wanted
   * @throws Refused `token_expired` when there can be no other; or what the source throws
   */
  async get(spent?: string): Promise<string | undefined> {
    const source = this.#source;
    const held = typeof source === 'string' ? source : this.#held;
    if (held !== undefined && held !== spent) return held;
    if (typeof source === 'string') throw new Refused(tokenEnded);
    // Not called at once: it may throw before a caller has the promise.
    if (source !== undefined) this.#asking ??= this.#keep(Promise.resolve().then(source));
    return this.#asking;
  }

  async #keep(asked: Promise<string>): Promise<string> {
    try {
      this.#held = await asked;
      return this.#held;
    } finally {
      this.#asking = undefined;
    }
  }
}
