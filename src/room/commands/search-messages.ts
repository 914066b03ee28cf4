import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import { pageOf } from '../messages/pages.ts';
import { readQuery, type Term } from '../search/query.ts';
import { searchedText } from '../search/searched-text.ts';
import { snippetOf } from '../search/snippet.ts';

/** Undeleted messages with all words of the query, newest first. */
export const searchMessages: Handler<'searchMessages'> = (context, payload) => {
  const { query, from, before = Number.MAX_SAFE_INTEGER, limit = fixed.searchDefault } = payload;
  const terms = readQuery(query);
  const found = context.search.find(terms, from, before, limit + 1);
  const page = pageOf(resultsOf(context, found, terms), limit);
  return { reply: { results: page.items, hasMore: page.hasMore } };
};

/** Reads each message, and makes its snippet, only when the page has come to it. */
function* resultsOf(
  { messages }: Context,
  found: readonly number[],
  terms: readonly Term[],
): Generator<Message & { snippet: string }> {
  for (const seq of found) {
    const message = messages.find(seq);
    if (message === undefined) continue;
    yield { ...message, snippet: snippetOf(searchedText(message.message, message.files), terms) };
  }
}
