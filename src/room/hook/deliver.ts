import type { Delivery } from '../../host/ports.ts';
import type { HookEvent } from '../../protocol/hook-requests.ts';
import { shownMember } from '../access/targets.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';

/** The target of deliveries to the outgoing webhook. */
export const HOOK_TARGET = 'hook';

/** The key for new entries in the room's log: the webhook reads them from its own position on. */
export const LOG_KEY = 'log';

/** The body that comes with `LOG_KEY` when the room is deleted: what waits of it is not sent. */
export const ERASED_BODY = '{"erased":true}';

/** The key under which the room stores that it was deleted, so that later changes leave it. */
const ERASED_KEY = 'erased';

/** The key for the end of the room. */
export const DELETED_KEY = 'deleted';

/** The key for the beginning of the room, which the webhook sends before its first changes. */
export const CREATED_KEY = 'created';

const MEMBER = 'member:';

/** The keys of the deliveries that a decision owes to the outgoing webhook. */
export function hookKeys(context: UpkeepContext, effects: readonly Effect[]): ReadonlySet<string> {
  const { hookEvents, state, room } = context;
  const keys = new Set<string>();
  const owe = (event: HookEvent, key: string) => hookEvents.has(event) && keys.add(key);
  for (const effect of effects) {
    if (effect.type === 'eraseStorage') {
      owe('room.deleted', DELETED_KEY);
      keys.add(ERASED_KEY);
    }
    if (effect.type !== 'broadcast') continue;
    const { event, position } = effect;
    if (event.name === 'memberUpdated') owe('member.updated', `${MEMBER}${event.payload.userId}`);
    // A streamed message is sent to the webhook when it has ended.
    const grows = event.name === 'messageAppended' && event.payload.status === undefined;
    if (position === undefined || grows) continue;
    owe('room.changed', LOG_KEY);
  }
  // By its first change a room may have members, settings or files, and have been deleted before.
  if (state.rev === 0 && room.read().rev > 0) owe('room.created', CREATED_KEY);
  return keys;
}

/** Deliveries as the webhook takes them: it knows no key of its own for a deletion. */
export function hookDeliveries(
  deliveries: readonly Pick<Delivery, 'key' | 'body'>[],
): { key: string; body: string }[] {
  return deliveries.map(({ key, body }) => ({ key: key === ERASED_KEY ? LOG_KEY : key, body }));
}

/** The delivery owed to the webhook when the log has changed without an event. */
export function logDelivery({ hookEvents }: UpkeepContext): readonly Effect[] {
  const isFollowed = hookEvents.has('room.changed');
  return isFollowed ? [{ type: 'deliver', target: HOOK_TARGET, key: LOG_KEY }] : [];
}

/** The body of a delivery to the outgoing webhook, as JSON; undefined when nothing is owed any more. */
export function hookBody(context: UpkeepContext, key: string): string | undefined {
  const { state, roomId, room, members, now } = context;
  const bodyOf = (type: HookEvent, data: object) =>
    JSON.stringify({ type, timestamp: new Date(now).toISOString(), data: { roomId, ...data } });
  if (key === DELETED_KEY) return bodyOf('room.deleted', { epoch: state.epoch });
  if (key === ERASED_KEY) return ERASED_BODY;
  if (state.deletion !== null) return undefined;
  if (key === CREATED_KEY) return bodyOf('room.created', { epoch: state.epoch, room: room.info() });
  if (!key.startsWith(MEMBER)) return '{}';
  const userId = key.slice(MEMBER.length);
  const member = members.find(userId);
  const gone = { userId, role: 'none' };
  return bodyOf('member.updated', {
    member: member === undefined ? gone : shownMember(context, member),
  });
}
