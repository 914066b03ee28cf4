import type { Environment } from './environment.ts';

/** Timers by name; setting one cancels an earlier one of that name. */
export class Timers<Name extends string> {
  readonly #environment: Pick<Environment, 'after'>;
  readonly #cancels = new Map<Name, () => void>();

  constructor(environment: Pick<Environment, 'after'>) {
    this.#environment = environment;
  }

  has(name: Name): boolean {
    return this.#cancels.has(name);
  }

  set(name: Name, ms: number, work: () => void): void {
    this.stop(name);
    const cancel = this.#environment.after(ms, () => {
      this.#cancels.delete(name);
      work();
    });
    this.#cancels.set(name, cancel);
  }

  stop(name: Name): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  stopAll(): void {
    for (const name of this.#cancels.keys()) this.stop(name);
  }
}
