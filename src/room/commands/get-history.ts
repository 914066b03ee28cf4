import type { Payload } from '../../protocol/commands.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import type { Page } from '../messages/pages.ts';
import { ownReactions } from '../messages/own-reactions.ts';

/** A page of messages by `seq`, oldest first. */
export const getHistory: Handler<'getHistory'> = (context, payload) => {
  const { items, hasMore } = pageFor(context, payload);
  return { reply: { messages: items, hasMore, ...ownReactions(context, items) } };
};

function pageFor(context: Context, payload: Payload<'getHistory'>): Page<Message> {
  const { messages, state } = context;
  const { before, after, around, at, limit = fixed.historyDefault, thread } = payload;
  if (around !== undefined) return pageAround(context, around, limit, thread);
  const above = at === undefined ? after : messages.firstAt(at, state.rev) - 1;
  return above === undefined
    ? messages.before(before ?? Number.MAX_SAFE_INTEGER, limit, { thread })
    : messages.after(above, limit, { thread });
}

/** The message `seq` and those on both sides of it; `hasMore` when there are more at either end. */
function pageAround(
  { messages }: Context,
  seq: number,
  limit: number,
  thread: number | undefined,
): Page<Message> {
  const about = { thread, mostBytes: fixed.pageBytes / 2 };
  const older = messages.before(seq, Math.floor(limit / 2), about);
  const newer = messages.after(seq - 1, limit - older.items.length, about);
  return { items: [...older.items, ...newer.items], hasMore: older.hasMore || newer.hasMore };
}
