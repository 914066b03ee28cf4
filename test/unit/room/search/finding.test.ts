import { describe, expect, it } from 'vitest';
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

describe('a search', () => {
  it('finds words in every script, however they are written', () => {
    const search = roomOf([...new Set(found.map(([, text]) => text))]);
    for (const [query, text] of found) expect(search(query), query).toContain(text);
  });

  it('does not find other words', () => {
    const search = roomOf([...new Set(missed.map(([, text]) => text))]);
    for (const [query, text] of missed) expect(search(query), query).not.toContain(text);
  });
});
