import { ERASE_TARGET } from '../inbox/pushes.ts';
import type { Result } from '../protocol/frames.ts';
import type { Carry } from './courier.ts';
import type { DeliveryOutcome } from './ports.ts';

/** How long a room has for a step, in milliseconds; it goes on by itself. */
const ASK_AGAIN_MS = 1_000;

/**
 * Carries what an erased inbox owes to rooms that it learned of later.
 * @param erase asks a room to erase a user: the command `eraseUser`
 */
export function erasureCarrier(erase: (roomId: string, userId: string) => Promise<Result>): Carry {
  return (target, deliveries) => {
    const userId = target.slice(ERASE_TARGET.length);
    return Promise.all(
      deliveries.map(async ({ key: roomId }) => erasureOutcome(await erase(roomId, userId))),
    );
  };
}

/** Asked again until the room is done: an erasure that is under way may be an earlier one. */
export function erasureOutcome(answer: Result): DeliveryOutcome {
  if (!answer.ok) return answer.error.code === 'room_not_found' ? 'delivered' : 'failed';
  return 'done' in answer && answer.done === true ? 'delivered' : { retryAfterMs: ASK_AGAIN_MS };
}
