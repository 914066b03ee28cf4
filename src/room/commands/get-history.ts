import { fixed } from '../../protocol/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import type { Page } from '../pages.ts';

/** A page by `seq`, oldest first. */
export const getHistory: Handler<'getHistory'> = (context, payload) => {
  const { messages } = context;
  const { before, after, around, limit = fixed.historyDefault } = payload;
  const page =
    after !== undefined
      ? messages.after(after, limit)
      : around !== undefined
        ? pageAround(context, around, limit)
        : messages.before(before ?? Number.MAX_SAFE_INTEGER, limit);
  return { reply: { messages: page.items, hasMore: page.hasMore } };
};

/** `seq` itself and what stands on both sides; more may stand at either end. */
function pageAround({ messages }: Context, seq: number, limit: number): Page<Message> {
  const half = fixed.pageBytes / 2;
  const older = messages.before(seq, Math.floor(limit / 2), half);
  const newer = messages.after(seq - 1, limit - older.items.length, half);
  return { items: [...older.items, ...newer.items], hasMore: older.hasMore || newer.hasMore };
}
