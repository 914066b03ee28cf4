import { Refusal } from '../../protocol/codes/errors.ts';
import type { Payload } from '../../protocol/commands.ts';
import type { Context, Handler } from '../context.ts';
import type { Effect } from '../effects.ts';
import { currentState } from '../inbox-updates/state.ts';
import { markRead } from './mark-read.ts';

/** Sets how far a member has read, and what to notify them of. */
export const setReading: Handler<'setReading'> = (context, { notify, readUpTo }) => {
  const { access, actor } = context;
  const { userId } = actor.identity;
  if (!access.isListed)
    throw new Refusal('room_not_found', 'You are not on the list of this room.');
  if (notify !== undefined) setNotify(context, userId, notify);
  const effects = readUpTo === undefined ? [] : read(context, readUpTo);
  return { reply: { conversation: currentState(context, userId) }, effects };
};

function setNotify(
  { sentStates }: Context,
  userId: string,
  notify: NonNullable<Payload<'setReading'>['notify']>,
): void {
  sentStates.mark(userId, 0);
  const known = sentStates.find(userId);
  if (known !== undefined) sentStates.put({ ...known, notify });
}

function read(context: Context, readUpTo: number): readonly Effect[] {
  return markRead(context, { readUpTo }).effects ?? [];
}
