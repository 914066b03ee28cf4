import { expect, it } from 'vitest';
import { ClientView } from '../../../src/following/client-view.ts';
import type { Reply } from '../../../src/protocol/commands.ts';
import { person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');
const bob = person('bob');

it('[PIN2] a client whose link is restored receives the room if its pins have changed', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'words' });
  const joined = (): Reply<'joinRoom'> => room.join(bob).joined;
  const view = new ClientView(false);
  view.joined(joined());
  const updates = () => view.rejoined(joined()).filter((line) => line.includes('"roomUpdated"'));
  expect(updates()).toEqual([]);
  room.ask(alice, 'pinMessage', { seq: 1 });
  expect(updates()).toEqual([expect.stringContaining('"pins":[1]')]);
  expect(updates()).toEqual([]);
  room.ask(alice, 'unpinMessage', { seq: 1 });
  expect(updates()).toEqual([expect.not.stringContaining('"pins"')]);
});
