import { Refusal, unavailableProblem } from '../protocol/codes/errors.ts';

/** How long one is told to wait before asking an overloaded room again, in milliseconds. */
const WAIT_MS = 5_000;

/**
 * A room has more to do than it can. Asking again would make it worse: nobody here does, and whoever
 * asked is told to wait.
 */
export class Overloaded extends Refusal {
  constructor() {
    super('unavailable', unavailableProblem.message, { retryAfterMs: WAIT_MS });
  }
}
