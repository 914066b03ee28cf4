import { Refused, tokenEnded } from './refused.ts';

/** A token, or what gives one: asked again when a token is about to end, or was not accepted. */
export type TokenSource = string | (() => string | Promise<string>);

/** The token in use, one for all rooms. */
export class Tokens {
  readonly #source: TokenSource | undefined;
  #held: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(source: TokenSource | undefined) {
    this.#source = source;
  }

  /** Whether there can be another one than the first. */
  get canRenew(): boolean {
    return typeof this.#source === 'function';
  }

  /**
   * @param spent a token that is of no use any more: another one is wanted
   * @throws Refused `token_expired` when there can be no other; whatever the source throws
   */
  async get(spent?: string): Promise<string | undefined> {
    const source = this.#source;
    const held = typeof source === 'string' ? source : this.#held;
    if (held !== undefined && held !== spent) return held;
    if (typeof source === 'string') throw new Refused(tokenEnded);
    // Not called at once: it may throw before anybody can hold the promise.
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
