import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { pageOf } from '../messages/pages.ts';
import { readQuery } from '../search/query.ts';
import { searchedText } from '../search/searched-text.ts';
import { snippetOf } from '../search/snippet.ts';

/** Undeleted messages with all words of the query, newest first. */
export const searchMessages: Handler<'searchMessages'> = ({ messages, search }, payload) => {
  const { query, from, before = Number.MAX_SAFE_INTEGER, limit = fixed.searchDefault } = payload;
  const terms = readQuery(query);
  const results = search.find(terms, from, before, limit + 1).flatMap((seq) => {
    const message = messages.find(seq);
    if (message === undefined) return [];
    return [
      { ...message, snippet: snippetOf(searchedText(message.message, message.files), terms) },
    ];
  });
  const page = pageOf(results, limit);
  return { reply: { results: page.items, hasMore: page.hasMore } };
};
