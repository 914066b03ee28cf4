import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message, Present } from '../../protocol/objects.ts';
import { formatPosition } from '../../protocol/position.ts';
import type { Context, Handler, ActorName } from '../context.ts';
import { updateConnection } from '../effects.ts';
import { actorName } from '../access/actor.ts';
import { missedPage } from '../messages/missed-page.ts';
import { unreadOf } from '../messages/unread.ts';
import { ownReactions } from '../messages/own-reactions.ts';

/** Joins and starts listening in one step: live events begin exactly where the reply ends. */
export const joinRoom: Handler<'joinRoom'> = (context, payload) => {
  const { presence, room, state } = context;
  const you = actorName(context, payload.username, 'username');
  assertMayConnect(context, payload);
  const known = context.actor.connection?.state.silent || presence.has(you.userId);
  const count = presence.count + (known ? 0 : 1);
  const { quiet = false, session } = payload;
  const online = quiet ? [] : onlineWith(context, you, known);
  const messages = newest(context, payload.history ?? 0);
  const { missed, ...rest } = missedSince(context, payload) ?? {};
  // What is alike in the replies to many users comes last: relay calls then carry it once.
  const reply: Reply<'joinRoom'> = {
    epoch: state.epoch,
    position: formatPosition(state),
    room: room.info(state),
    you: youOf(context, you),
    onlineCount: count,
    presence: quiet || count > fixed.presenceUsers ? 'count' : presence.mode,
    ...rest,
    ...ownReactions(context, [...messages, ...(missed ?? [])]),
    ...receiptsOf(context, you.userId),
    online,
    ...(missed !== undefined && { missed }),
    messages,
  };
  const { userId: _, ...name } = you;
  const change = {
    joined: true,
    name,
    ...(quiet !== (context.actor.connection?.state.quiet ?? false) && { quiet }),
    ...(session !== undefined && { session }),
  };
  return { reply, effects: updateConnection(context, change) };
};

/** The first users present, and the joining user under the name in their current token. */
function onlineWith(
  { presence, actor }: Context,
  you: ActorName,
  known: boolean | undefined,
): Present[] {
  const online = presence.list(fixed.onlineListed);
  if (!known && online.length < fixed.onlineListed) online.push(you);
  if (actor.identity.name === undefined) return online;
  return online.map((user) => (user.userId === you.userId ? you : user));
}

function assertMayConnect(
  { actor, connections, limits }: Context,
  { session }: Payload<'joinRoom'>,
): void {
  const { connection, identity } = actor;
  if (connection?.state.joined !== false || connection.state.name !== undefined) return;
  const others = connections
    .ofUser(identity.userId)
    .filter(({ state }) => session === undefined || state.session !== session);
  if (others.length < limits.connectionsPerUser) return;
  throw new Refusal(
    'too_many_connections',
    `You are connected to this room ${limits.connectionsPerUser} times already; close one first.`,
  );
}

function youOf(context: Context, you: ActorName): Reply<'joinRoom'>['you'] {
  const { actor, access, state, now } = context;
  const { expiresAt, guestToken } = actor.identity;
  const { mutedUntil, readUpTo = state.rev } = access.member ?? {};
  return {
    ...you,
    role: access.role,
    ...(mutedUntil !== undefined && mutedUntil > now && { mutedUntil }),
    ...unreadOf(context, access.isListed ? readUpTo : state.rev),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(guestToken !== undefined && { guestToken }),
  };
}

/** The read positions of the others, in a small room: this user has missed their `readReceipts`. */
function receiptsOf(
  { members, state }: Context,
  userId: string,
): Pick<Reply<'joinRoom'>, 'receipts'> | undefined {
  if (state.memberCount > fixed.receiptsUsers) return undefined;
  const others = members
    .after('', fixed.receiptsUsers)
    .filter((member) => member.userId !== userId);
  if (others.length === 0) return undefined;
  return { receipts: others.map(({ userId, readUpTo }) => ({ userId, readUpTo })) };
}

const none: Message[] = [];

function newest({ messages, state }: Context, count: number): Message[] {
  return count === 0 ? none : messages.newestPage(count, state);
}

function missedSince(
  context: Context,
  { since }: Payload<'joinRoom'>,
): Pick<Reply<'joinRoom'>, 'missed' | 'complete' | 'reset' | 'position'> | undefined {
  if (since === undefined) return undefined;
  const {
    messages: missed,
    position,
    complete,
    reset,
  } = missedPage(context, since, fixed.missedPage);
  return reset === true ? { position, reset } : { missed, position, complete };
}
