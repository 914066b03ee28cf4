import type { Environment } from './environment.ts';

/** A token is renewed after this part of its remaining life, and up to as much again at random. */
const RENEW_AFTER = 0.7;
const RENEW_SPREAD = 0.15;

interface Ports {
  environment: Pick<Environment, 'now' | 'random' | 'after'>;
  /** The least wait, in milliseconds. */
  againMs: number;
  /** A newer token, where there can be one. */
  fetch: () => Promise<string | undefined>;
  /** Shows a token to the room. @param accepted is told when that one ends */
  offer: (token: string, accepted: (expiresAt: number | undefined) => void) => void;
}

/** Puts a newer token in place while the one of the connection still holds. */
export class TokenRenewal {
  readonly #ports: Ports;
  #cancel: (() => void) | undefined;
  /** Counts connections, so that what was fetched for an earlier one is not offered. */
  #generation = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  schedule(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    const { environment, againMs } = this.#ports;
    const left = expiresAt - environment.now();
    const wait = left * (RENEW_AFTER + RENEW_SPREAD * environment.random());
    this.#cancel?.();
    this.#cancel = environment.after(Math.max(wait, againMs), () => void this.#renew(expiresAt));
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
      const token = await this.#ports.fetch();
      if (token === undefined || !isCurrent()) return;
      this.#ports.offer(token, (next) => this.schedule(next));
    } catch {
      // Until the token has ended there is time to try again.
      if (isCurrent() && this.#ports.environment.now() < expiresAt) this.schedule(expiresAt);
    }
  }
}
