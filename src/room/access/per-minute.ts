/** How often something happened within the minute that began at `from` (epoch milliseconds). */
export interface PerMinute {
  from: number;
  count: number;
}

const MINUTE_MS = 60_000;

/** Counts one more; starts at one again when the minute is over. */
export function counted(last: PerMinute | undefined, now: number): PerMinute {
  const isOver = last === undefined || now - last.from >= MINUTE_MS || now < last.from;
  return isOver ? { from: now, count: 1 } : { from: last.from, count: last.count + 1 };
}
