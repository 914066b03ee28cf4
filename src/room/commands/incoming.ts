import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { HOOK_PREFIX, type Identity } from '../../protocol/identity.ts';
import { displayName } from '../../protocol/display-name.ts';
import { accessOf, assertAccess, assertRank, noSuchRoom } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';
import { message } from './message.ts';

/** Makes an incoming webhook, or gives the one of that name a new key. */
export const makeIncoming: Handler<'makeIncoming'> = (context, { name, keyHash }) => {
  const { access, incoming, room, ids } = context;
  assertRank(access, 'owner');
  if (access.isDirect) throw new Refusal('forbidden', 'A direct room has no incoming webhooks.');
  const all = incoming.all();
  const known = all.find((one) => one.name === name);
  if (known === undefined && all.length >= fixed.incomingHooks) {
    const why = `This room has ${fixed.incomingHooks} incoming webhooks; revoke one first.`;
    throw new Refusal('conflict', why);
  }
  room.ensure();
  const { userId: createdBy } = context.actor.identity;
  const made = { id: known?.id ?? ids.make(), name, createdBy, createdAt: context.now };
  incoming.put(made, keyHash);
  note(context, 'makeIncoming', name);
  return { reply: { incoming: made } };
};

export const getIncoming: Handler<'getIncoming'> = ({ access, incoming }) => {
  assertRank(access, 'owner');
  return { reply: { incoming: incoming.all() } };
};

/** Revokes an incoming webhook; if it is gone already, nothing changes. */
export const revokeIncoming: Handler<'revokeIncoming'> = (context, { id }) => {
  const { access, incoming } = context;
  assertRank(access, 'owner');
  const known = incoming.all().find((one) => one.id === id);
  if (known === undefined) return { reply: {} };
  incoming.remove(id);
  note(context, 'revokeIncoming', known.name);
  return { reply: {} };
};

/**
 * Sends a message of another system. A wrong key is answered like a room that does not exist, after the
 * same single look-up. The webhook's own rate limit takes the place of slow mode, and it may write
 * where only owners write, as an owner made it; moderators mute and ban it like a member.
 */
export const sayIncoming: Handler<'sayIncoming'> = (context, { keyHash, text, username, id }) => {
  const { incoming, incomingRates, members, roomId, state, limits, now } = context;
  const found = incoming.byKey(keyHash);
  if (found === undefined) throw noSuchRoom();
  const userId = `${HOOK_PREFIX}${found.name}`;
  const sender = displayName(username ?? '');
  // Like a guest, it cannot become the room's owner.
  const identity: Identity = {
    userId,
    guest: true,
    bot: true,
    ...(sender === undefined && { name: found.name }),
  };
  const access = { ...accessOf(identity, roomId, members.find(userId)), isGranted: true };
  assertAccess(access, state, limits, now);
  if (context.verdict === undefined) incomingRates.charge(found.id);
  const open = { ...state, readOnly: false, slowModeSeconds: 0 };
  const spoken = { message: text, sender, ...(id !== undefined && { id }) };
  return message({ ...context, actor: { identity }, access, state: open }, spoken);
};

function note({ audit, actor, now }: Context, act: string, name: string): void {
  audit.add({ timestamp: now, by: actor.identity.userId, act, change: { name } });
}
