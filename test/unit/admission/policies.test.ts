import { expect, it } from 'vitest';
import {
  limitsInAllRooms,
  inboundRate,
  newRoomCost,
  newRoomRate,
  spreadRate,
} from '../../../src/admission/policies.ts';
import { readSettings } from '../../../src/settings/settings.ts';

function limitsOf(settings: Record<string, string> = {}) {
  return readSettings(settings).settings.limits;
}

it('[ADM2] a user may do twice as much in all rooms together as in one', () => {
  const { commandsPerSecond, commandBurst } = limitsInAllRooms(limitsOf());
  expect([commandsPerSecond, commandBurst]).toEqual([100, 400]);
});

it('[ADM3] a socket may send twice what a user may do in a room, by the settings', () => {
  const limits = limitsOf({ COMMANDS_PER_SECOND: '3', COMMAND_BURST: '10' });
  expect(inboundRate(limits)).toMatchObject({ perSecond: 6, burst: 20 });
});

it('[ADM4] the burst of new rooms is that of two full sockets, and the rate that of joins', () => {
  expect(newRoomRate(limitsOf())).toEqual({ perSecond: 10, burst: 100 });
  const limits = limitsOf({ COMMANDS_PER_SECOND: '500', MAX_ROOMS_PER_SOCKET: '7' });
  expect(newRoomRate(limits)).toEqual({ perSecond: 100, burst: 14 });
});

it('[ADM5] requests are spread at most 10 ms apart, new rooms at most 20 ms', () => {
  expect([spreadRate(limitsOf()).perSecond, newRoomCost(limitsOf())]).toEqual([100, 2]);
  const slower = limitsOf({ COMMANDS_PER_SECOND: '1' });
  expect([spreadRate(slower).perSecond, newRoomCost(slower)]).toEqual([100, 2]);
  const faster = limitsOf({ COMMANDS_PER_SECOND: '500' });
  expect([spreadRate(faster).perSecond, newRoomCost(faster)]).toEqual([1_000, 20]);
});
