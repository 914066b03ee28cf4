import { Refusal, unavailableProblem } from '../protocol/codes/errors.ts';
import { OVERLOADED_RETRY_MS } from './policies.ts';

/** A room is overloaded. It is not asked again automatically, which would make it worse. */
export class Overloaded extends Refusal {
  constructor() {
    super('unavailable', unavailableProblem.message, { retryAfterMs: OVERLOADED_RETRY_MS });
  }
}
