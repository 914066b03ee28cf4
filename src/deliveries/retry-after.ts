/** The wait when a server names none, in milliseconds. */
const WAIT_MS = 60_000;

/** `Retry-After` in milliseconds, 1 s at least: a number of seconds, or a date. @param now epoch milliseconds */
export function retryAfterMs(header: string | null, now: number): number {
  if (header === null) return WAIT_MS;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(1_000, ms) : WAIT_MS;
}
