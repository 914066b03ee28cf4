import { ERASE_TARGET } from '../inbox/pushes.ts';
import type { Result } from '../protocol/frames.ts';
import type { Carry } from './courier.ts';
import type { DeliveryOutcome } from './ports.ts';

/** Time between two requests to a room that is still erasing, in milliseconds; it continues by itself. */
const ASK_AGAIN_MS = 1_000;

/**
 * Erases a user from the rooms that their erased inbox learned of later.
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

/**
 * The outcome of a room's answer. The room is asked again until done: an erasure under way may be an
 * earlier one.
 */
export function erasureOutcome(answer: Result): DeliveryOutcome {
  if (!answer.ok) return answer.error.code === 'room_not_found' ? 'delivered' : 'failed';
  return 'done' in answer && answer.done === true ? 'delivered' : { retryAfterMs: ASK_AGAIN_MS };
}
