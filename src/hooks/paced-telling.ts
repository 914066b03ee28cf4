import type { Carry } from '../host/courier.ts';
import type { Delivery } from '../host/ports.ts';

/** Least time between two times that a room tells its webhook of changes, in milliseconds. */
const EVERY_MS = 1_000;

/**
 * Tells the webhook what a room owes it: at once after a pause, then at most once a second. What
 * changes in between is told together, so a busy room pays for one call a second.
 */
export function pacedTelling(tell: (deliveries: readonly Delivery[]) => Promise<void>): Carry {
  let toldAt = -Infinity;
  return async (_, deliveries) => {
    const waitMs = toldAt + EVERY_MS - Date.now();
    if (waitMs > 0 && waitMs <= EVERY_MS) {
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs);
      });
    }
    toldAt = Date.now();
    await tell(deliveries);
    return deliveries.map(() => 'delivered');
  };
}
