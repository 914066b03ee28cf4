import type { Carry } from '../host/courier.ts';
import { hookDeliveries } from '../room/hook/deliver.ts';

/** Least time between two calls of a room to its webhook, in milliseconds. */
const EVERY_MS = 1_000;

/**
 * Carries a room's deliveries to its webhook: at once after a pause, otherwise once a second. Changes
 * in between are sent together, so a busy room pays for one call a second.
 */
export function pacedCarry(
  carry: (deliveries: { key: string; body: string }[]) => Promise<void>,
): Carry {
  let carriedAt = -Infinity;
  return async (_, deliveries) => {
    const waitMs = carriedAt + EVERY_MS - Date.now();
    if (waitMs > 0 && waitMs <= EVERY_MS) {
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs);
      });
    }
    carriedAt = Date.now();
    await carry(hookDeliveries(deliveries));
    return deliveries.map(() => 'delivered');
  };
}
