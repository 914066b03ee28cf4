/** Stops a timer; harmless once it has run. */
export type CancelTimer = () => void;

/** The time of sessions, which tests can control. */
export interface Clock {
  /** Milliseconds, from any origin; only differences count. */
  now(): number;
  /** Calls `run` once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): CancelTimer;
}

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
