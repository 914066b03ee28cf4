import { expect, it } from 'vitest';
import { RoomRelays, type RoomRelaysPorts } from '../../../src/relay/room-relays.ts';

it('[RELAY1] a connection is not placed on relays that have refused it', () => {
  const relays = new RoomRelays(1, {} as RoomRelaysPorts);
  expect(relays.place(5_000)).toEqual({ relay: 1, of: 1, full: [] });
  expect(relays.place(5_000, [1])).toEqual({ relay: 2, of: 2, full: [1] });
  expect(relays.place(5_000, [2, 1])).toEqual({ relay: 3, of: 3, full: [1] });
  expect(relays.place(5_000, [1, 2, 3])).toEqual({ relay: 4, of: 4, full: [1] });
});
