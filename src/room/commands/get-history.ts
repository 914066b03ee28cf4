import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import type { Page } from '../messages/pages.ts';
import { ownReactions } from '../messages/own-reactions.ts';

/** A page by `seq`, oldest first. */
export const getHistory: Handler<'getHistory'> = (context, payload) => {
  const { messages } = context;
  const { before, after, around, limit = fixed.historyDefault, thread } = payload;
  const page =
    after !== undefined
      ? messages.after(after, limit, { thread })
      : around !== undefined
        ? pageAround(context, around, limit, thread)
        : messages.before(before ?? Number.MAX_SAFE_INTEGER, limit, { thread });
  const { items, hasMore } = page;
  return { reply: { messages: items, hasMore, ...ownReactions(context, items) } };
};

/** `seq` itself and what stands on both sides; more may stand at either end. */
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
