import { describe, expect, it } from 'vitest';
import { indexText } from '../../../../src/room/search/index-text.ts';
import { holdsAll, readQuery } from '../../../../src/room/search/query.ts';
import { person, RoomAtHand } from '../../../support/room-at-hand.ts';
import { found, missed } from '../../../support/search-cases.ts';

const alice = person('alice');

/** One room in which everything was said. */
function roomOf(texts: readonly string[]): (query: string) => string[] {
  const room = new RoomAtHand();
  for (const message of texts) room.ask(alice, 'message', { message });
  return (query) =>
    room.ask(alice, 'searchMessages', { query, limit: 50 }).results.map(({ message }) => message);
}

it('is the same in a message as in the index', () => {
  for (const [query, text] of found) {
    expect(holdsAll(indexText(text, 'alice'), readQuery(query)), `${query} in ${text}`).toBe(true);
  }
  for (const [query, text] of missed) {
    // A query without terms is not asked of messages.
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
});
