import type { Handler } from '../context.ts';
import { broadcast, type Effect } from '../effects.ts';
import { assertRank } from '../access/access.ts';
import type { RoomOptions } from '../storage/room-row.ts';

/** Sets the options that are given. Moderators may set topic and slow mode; the others need an owner. */
export const updateRoom: Handler<'updateRoom'> = (context, payload) => {
  const { room, state, access, audit, sentStates, actor, now } = context;
  const isOwners =
    payload.private !== undefined ||
    payload.readOnly !== undefined ||
    payload.retentionDays !== undefined;
  assertRank(access, isOwners ? 'owner' : 'moderator');
  const topic = payload.topic === undefined ? state.topic : payload.topic;
  const after: RoomOptions = {
    topic: topic === '' ? null : topic,
    private: payload.private ?? state.private,
    readOnly: payload.readOnly ?? state.readOnly,
    slowModeSeconds: payload.slowModeSeconds ?? state.slowModeSeconds,
    retentionDays:
      payload.retentionDays === undefined ? state.retentionDays : payload.retentionDays,
  };
  const change = Object.fromEntries(
    Object.entries(after).filter(([name, value]) => state[name as keyof RoomOptions] !== value),
  );
  if (Object.keys(change).length === 0) return { reply: { room: room.info() } };
  room.set(after);
  if (after.topic !== state.topic) sentStates.markAll();
  audit.add({ timestamp: now, by: actor.identity.userId, act: 'updateRoom', change });
  const info = room.info();
  const effects: Effect[] = [
    broadcast(context, { name: 'roomUpdated', payload: info }),
    { type: 'wake' },
  ];
  if (change['private'] === true) {
    effects.unshift({ type: 'recheckAccess', audience: { to: 'everyone' } });
  }
  return { reply: { room: info }, effects };
};
