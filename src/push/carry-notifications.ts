import { type Carry, carryInOrder } from '../host/courier.ts';
import type { DeliveryOutcome } from '../host/ports.ts';
import { NOTIFY_TARGET } from '../inbox/pushes.ts';
import type { HookEvent } from '../protocol/hook-requests.ts';
import type { Notice } from '../protocol/inbox-objects.ts';
import { type PushPeers, STARTS_WITHIN_MS } from './carry-pushes.ts';

/** How an inbox reaches rooms and the outgoing webhook. */
export interface NotificationPeers extends Pick<PushPeers, 'notice'> {
  /** Gives the webhook events of a room to send. Resolves when they are stored. */
  enqueue(roomId: string, deliveries: readonly { key: string; body: string }[]): Promise<void>;
}

/**
 * Carries notices of an inbox to the outgoing webhook: asks each room, then gives the webhook an event
 * if there is something to notify of.
 */
export function notificationCarrier(peers: NotificationPeers): Carry {
  return (target, deliveries) => {
    const userId = target.slice(NOTIFY_TARGET.length);
    return carryInOrder(deliveries, STARTS_WITHIN_MS, ({ key }) => notify(userId, key));
  };

  async function notify(userId: string, roomId: string): Promise<DeliveryOutcome> {
    const answer = await peers.notice(roomId, { userId, admin: true });
    if (!answer.ok) return answer.error.code === 'room_not_found' ? 'delivered' : 'failed';
    if (answer.notice === undefined) return 'delivered';
    const body = bodyOf(userId, roomId, answer.notice);
    await peers.enqueue(roomId, [{ key: `notification:${userId}`, body }]);
    return 'delivered';
  }
}

/** The body holds no text: a request that is retried for days must not show a message deleted since. */
function bodyOf(userId: string, roomId: string, notice: Notice): string {
  const { kind, seq, timestamp: at, mention, unread } = notice;
  const type: HookEvent = 'notification';
  const data = { roomId, userId, kind, seq, timestamp: at, ...(mention && { mention }), unread };
  return JSON.stringify({ type, timestamp: new Date().toISOString(), data });
}
