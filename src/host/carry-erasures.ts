import { ERASE_TARGET } from '../inbox/pushes.ts';
import type { Result } from '../protocol/frames.ts';
import type { Carry } from './courier.ts';
import type { DeliveryOutcome } from './ports.ts';

/**
 * Carries what an erased inbox owes to rooms that it learned of later. A room that has begun goes on
 * by itself.
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

/** A room that is deleted holds nothing of the user any more. */
export function erasureOutcome(answer: Result): DeliveryOutcome {
  return answer.ok || answer.error.code === 'room_not_found' ? 'delivered' : 'failed';
}
