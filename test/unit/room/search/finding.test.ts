import { describe, expect, it, vi } from 'vitest';
import { indexText } from '../../../../src/room/search/index-text.ts';
import { holdsAll, readQuery } from '../../../../src/room/search/query.ts';
import { person, RoomAtHand } from '../../../support/room-at-hand.ts';
import { found, missed } from '../../../support/search-cases.ts';

const alice = person('alice');

/** A search in one room that has all of these messages. */
function roomOf(texts: readonly string[]): (query: string) => string[] {
  const room = new RoomAtHand();
  for (const message of texts) room.ask(alice, 'message', { message });
  return (query) =>
    room.ask(alice, 'searchMessages', { query, limit: 50 }).results.map(({ message }) => message);
}

it('a query matches a message exactly where it matches the index', () => {
  for (const [query, text] of found) {
    expect(holdsAll(indexText(text, 'alice'), readQuery(query)), `${query} in ${text}`).toBe(true);
  }
  for (const [query, text] of missed) {
    // Messages are not checked against a query without terms.
    if (readQuery(query).length === 0) continue;
    expect(holdsAll(indexText(text, 'alice'), readQuery(query)), `${query} in ${text}`).toBe(false);
  }
});

describe('a search', () => {
  it('[SRCH2] finds words in every script, in every spelling', () => {
    const search = roomOf([...new Set(found.map(([, text]) => text))]);
    for (const [query, text] of found) expect(search(query), query).toContain(text);
  });

  it('does not find other words', () => {
    const search = roomOf([...new Set(missed.map(([, text]) => text))]);
    for (const [query, text] of missed) expect(search(query), query).not.toContain(text);
  });

  it('makes snippets only of the messages on its page', () => {
    const room = new RoomAtHand();
    for (let at = 0; at < 51; at++) room.ask(alice, 'message', { message: 'word '.repeat(1_600) });
    const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment');
    const { results, hasMore } = room.ask(alice, 'searchMessages', { query: 'word', limit: 50 });
    const made = segment.mock.calls.length;
    segment.mockRestore();
    expect(hasMore).toBe(true);
    expect(made).toBeLessThanOrEqual(results.length + 1);
    expect(results.length).toBeLessThan(40);
  });
});
