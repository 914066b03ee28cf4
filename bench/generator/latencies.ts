/** Resolution, and the longest latency that is distinguished from longer ones, in milliseconds. */
const STEP_MS = 0.01;
const MAX_MS = 5_000;

/** Counts latencies, for percentiles. */
export class Latencies {
  readonly #counts = new Uint32Array(MAX_MS / STEP_MS + 1);
  #total = 0;

  add(ms: number): void {
    const at = Math.min(this.#counts.length - 1, Math.max(0, Math.round(ms / STEP_MS)));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** @returns milliseconds; 0 if nothing was counted */
  percentile(percent: number): number {
    let left = (this.#total * percent) / 100;
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return at * STEP_MS;
    }
    return 0;
  }
}
