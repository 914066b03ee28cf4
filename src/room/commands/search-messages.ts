import { fixed } from '../../protocol/limits.ts';
import type { Handler } from '../context.ts';
import { pageOf } from '../pages.ts';

/** Undeleted messages with all words of the query, newest first. */
export const searchMessages: Handler<'searchMessages'> = ({ messages, search }, payload) => {
  const { query, from, before = Number.MAX_SAFE_INTEGER, limit = fixed.searchDefault } = payload;
  const hits = search.find(query, from, before, limit + 1);
  const results = hits.flatMap(({ seq, snippet }) => {
    const message = messages.find(seq);
    return message === undefined ? [] : [{ ...message, snippet }];
  });
  const page = pageOf(results, limit);
  return { reply: { results: page.items, hasMore: page.hasMore } };
};
