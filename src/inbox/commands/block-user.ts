import type { InboxPayload } from '../../protocol/inbox-commands.ts';
import { service } from '../conversations/ask-room.ts';
import type { InboxContext, InboxHandler, Step } from '../context.ts';
import { invalidField, refusalOf } from '../../protocol/codes/errors.ts';

/** Blocks a user: their direct messages neither count nor notify, and they open no direct room. */
export const blockUser: InboxHandler<'blockUser'> = (context, payload) =>
  setBlocked(context, payload, true);

/** Ends a block. */
export const unblockUser: InboxHandler<'unblockUser'> = (context, payload) =>
  setBlocked(context, payload, false);

/** Stores the block in the direct room, which is created if needed, then in the inbox. */
function setBlocked(
  { userId, actor }: InboxContext,
  { userId: other }: InboxPayload<'blockUser'>,
  blocked: boolean,
): Step<Record<string, never>> {
  if (other === userId) throw invalidField('userId', 'must be another user');
  const payload = { userId, other, username: actor.identity.name, blocked };
  const identity = service(userId);
  return {
    asks: [{ to: { direct: other }, identity, name: 'setBlocked', payload }],
    resume: ({ blocks, accounts }, [answer]) => {
      if (answer?.result.ok === false) throw refusalOf(answer.result.error);
      accounts.ensure(userId);
      if (blocked) blocks.add(userId, other);
      else blocks.remove(userId, other);
      return { reply: {} };
    },
  };
}
