/**
 * Numbers for operators, and their Prometheus format. Label values come only from closed sets
 * in the code.
 */

/** A number that only grows, for each value of one label. */
export class Counter {
  readonly #values = new Map<string, number>();

  add(value = '', by = 1): void {
    this.#values.set(value, (this.#values.get(value) ?? 0) + by);
  }

  of(value = ''): number {
    return this.#values.get(value) ?? 0;
  }

  get all(): ReadonlyMap<string, number> {
    return this.#values;
  }

  get total(): number {
    return [...this.#values.values()].reduce((sum, value) => sum + value, 0);
  }
}

/** Counts observations by upper bounds of their size. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;
  largest = 0;

  /** @param bounds upper ends of the buckets, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    this.largest = Math.max(this.largest, value);
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at++;
    if (at < this.bounds.length) this.counts[at]!++;
  }

  /**
   * The upper end of the bucket below which this part (0 to 1) of the observations is; 0 without
   * observations.
   */
  quantile(part: number): number {
    let below = 0;
    const at = this.counts.findIndex((count) => (below += count) >= part * this.count);
    return this.count === 0 ? 0 : Math.min(this.bounds[at] ?? this.largest, this.largest);
  }
}

/** From half a millisecond to ten seconds, in seconds. */
export const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];
/** The same for clocks with whole milliseconds, in milliseconds. */
export const MILLISECONDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];
export const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

interface Described {
  name: string;
  help: string;
}

/** A metric in Prometheus' text format, version 0.0.4. */
export function counterText({ name, help }: Described, counter: Counter, label?: string): string {
  const lines = [...counter.all].map(
    ([value, count]) => `${name}${label === undefined ? '' : `{${label}="${value}"}`} ${count}`,
  );
  // A series that exists from the beginning shows its first increase.
  if (label === undefined && lines.length === 0) lines.push(`${name} 0`);
  return described({ name, help }, 'counter', lines);
}

export function gaugeText({ name, help }: Described, value: number): string {
  return described({ name, help }, 'gauge', [`${name} ${value}`]);
}

export function histogramText({ name, help }: Described, histogram: Histogram): string {
  let below = 0;
  const lines = histogram.bounds.map((bound, at) => {
    below += histogram.counts[at]!;
    return `${name}_bucket{le="${bound}"} ${below}`;
  });
  lines.push(`${name}_bucket{le="+Inf"} ${histogram.count}`);
  lines.push(`${name}_sum ${histogram.sum}`, `${name}_count ${histogram.count}`);
  return described({ name, help }, 'histogram', lines);
}

function described({ name, help }: Described, type: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}
