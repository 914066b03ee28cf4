import type { Clock } from '../../../../src/socketio-server/clock.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  #timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves the clock by `ms` and runs due timers in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#next(end); due; due = this.#next(end)) {
      this.#now = due.at;
      this.#timers.delete(due);
      due.run();
    }
    this.#now = end;
  }

  /** The number of pending timers; a session that is over must leave none. */
  get waiting(): number {
    return this.#timers.size;
  }

  #next(end: number): { at: number; run: () => void } | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}
