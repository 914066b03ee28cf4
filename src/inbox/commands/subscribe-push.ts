import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { InboxHandler } from '../context.ts';

/** Has notifications pushed to a browser; above ten browsers of a user the oldest is dropped. */
export const subscribePush: InboxHandler<'subscribePush'> = (context, { endpoint, keys }) => {
  const { subscriptions, userId, actor, now, acceptsPush, makeId } = context;
  assertAccepted(acceptsPush?.(endpoint));
  const { rooms } = actor.identity;
  subscriptions.put({
    userId,
    id: makeId(),
    endpoint,
    ...keys,
    ...(rooms !== undefined && { rooms }),
    at: now,
  });
  const all = subscriptions.of(userId);
  for (const oldest of all.slice(0, -inboxLimits.pushSubscriptions)) context.dropPush(oldest);
  return { reply: {} };
};

/** Ends pushing to a browser; an unknown one is no error. */
export const unsubscribePush: InboxHandler<'unsubscribePush'> = (context, { endpoint }) => {
  const found = context.subscriptions.findAt(context.userId, endpoint);
  if (found !== undefined) context.dropPush(found);
  return { reply: {} };
};

/**
 * @throws Refusal `unavailable` where nothing is pushed, `invalid_payload` for an address that
 * is not allowed
 */
function assertAccepted(isAccepted: boolean | undefined): void {
  if (isAccepted === undefined) {
    throw new Refusal('unavailable', 'This service pushes no notifications.');
  }
  if (isAccepted) return;
  throw invalidField('endpoint', 'must be an address of a push service that this service knows');
}
