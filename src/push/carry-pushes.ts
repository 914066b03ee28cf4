import { base64url } from 'jose';
import { type Carry, carryInOrder } from '../host/courier.ts';
import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import type { Noticed, PushBody } from '../inbox/pushes.ts';
import type { Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { PushOutcome, PushSender } from './push-sender.ts';
import { notificationOf, type PushContent } from './notification.ts';

/** How the carrier reaches rooms and the inbox whose pushes it carries. */
export interface PushPeers {
  /** Asks a room for what a user is to be notified of. */
  notice(roomId: string, identity: Identity): Promise<Result<Reply<'getNotice'>>>;
  /** A push that shows this message was delivered. */
  pushed(userId: string, roomId: string, shown: Noticed): Promise<void>;
  /** The push service no longer knows a subscription. */
  dropSubscription(userId: string, id: string): Promise<void>;
}

/**
 * How long one attempt of an inbox may start further pushes, in milliseconds: the last ends before the
 * courier's time-out.
 */
export const STARTS_WITHIN_MS = 4_000;

/** Carries notices of an inbox to one subscription: asks each room, then pushes what there is to show. */
export function pushCarrier(
  sender: Pick<PushSender, 'send'>,
  content: PushContent,
  peers: PushPeers,
): Carry {
  return (_, deliveries) => carryInOrder(deliveries, STARTS_WITHIN_MS, pushOne);

  async function pushOne({ key: roomId, body }: Delivery): Promise<DeliveryOutcome> {
    const subscription = JSON.parse(body) as PushBody;
    const { userId, id, read } = subscription;
    const answer = await peers.notice(roomId, { userId, admin: true });
    if (!answer.ok) return answer.error.code === 'room_not_found' ? 'delivered' : 'failed';
    const { notice } = answer;
    if (notice === undefined) return 'delivered';
    const text = notificationOf({ userId, roomId, read }, notice, content);
    const outcome = await sender.send(subscription, text, await topicOf(userId, roomId));
    return settled(outcome, userId, id, () =>
      peers.pushed(userId, roomId, { seq: notice.seq, at: notice.timestamp }),
    );
  }

  async function settled(
    outcome: PushOutcome,
    userId: string,
    id: string,
    pushed: () => Promise<void>,
  ): Promise<DeliveryOutcome> {
    if (outcome === 'delivered') await pushed();
    if (outcome !== 'gone') return outcome;
    await peers.dropSubscription(userId, id);
    return 'delivered';
  }
}

/** Identifies a room to a push service without revealing it: 32 characters. */
async function topicOf(userId: string, roomId: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([userId, roomId]));
  return base64url
    .encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
    .slice(0, 32);
}
