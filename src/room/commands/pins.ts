import { Refusal } from '../../protocol/codes/errors.ts';
import type { Reply } from '../../protocol/commands.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { assertMaySend, assertRank } from '../access/access.ts';
import type { Context, Decision, Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { findUndeleted } from '../messages/find-message.ts';
import { ownReactions } from '../messages/own-reactions.ts';
import { pageOf } from '../messages/pages.ts';

/** Pins a message; one that is pinned already stays where it is. */
export const pinMessage: Handler<'pinMessage'> = (context, { seq }) => {
  assertMayPin(context);
  const { pins } = context.state;
  findUndeleted(context, seq);
  if (pins.includes(seq)) return { reply: { pins: [...pins] } };
  if (pins.length >= fixed.pins) {
    throw new Refusal('conflict', `This room has ${fixed.pins} pins; unpin a message first.`);
  }
  return setPins(context, 'pinMessage', seq, [seq, ...pins]);
};

/** Unpinning a message that is not pinned changes nothing. */
export const unpinMessage: Handler<'unpinMessage'> = (context, { seq }) => {
  assertMayPin(context);
  const { pins } = context.state;
  if (!pins.includes(seq)) return { reply: { pins: [...pins] } };
  const left = pins.filter((pin) => pin !== seq);
  return setPins(context, 'unpinMessage', seq, left);
};

/** A page of the pinned messages; from the beginning when `after` is not pinned any more. */
export const getPins: Handler<'getPins'> = (context, { after }) => {
  const { messages, state } = context;
  const from = after === undefined ? 0 : state.pins.indexOf(after) + 1;
  const found = state.pins.slice(from).flatMap((seq) => messages.find(seq) ?? []);
  const { items, hasMore } = pageOf(found, fixed.pins);
  return { reply: { messages: items, hasMore, ...ownReactions(context, items) } };
};

/**
 * @throws Refusal `forbidden` for users below moderator; in a direct room, `muted`, or `forbidden` for
 * users who may only read
 */
function assertMayPin({ access, state, now }: Context): void {
  if (access.isDirect) assertMaySend(access, state, now);
  else assertRank(access, 'moderator');
}

function setPins(
  context: Context,
  act: 'pinMessage' | 'unpinMessage',
  seq: number,
  pins: number[],
): Decision<Reply<'pinMessage'>> {
  const { room, roomId, audit, actor, now } = context;
  const by = actor.identity.userId;
  room.setPins(pins);
  audit.add({ timestamp: now, by, act, seq });
  const event = { name: 'pinsUpdated' as const, payload: { roomId, pins, by } };
  return { reply: { pins }, effects: [broadcast(context, event)] };
}
