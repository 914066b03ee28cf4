import { expect, it } from 'vitest';
import {
  inAllRooms,
  inboundRate,
  newRoomCost,
  newRoomRate,
  spreadRate,
} from '../../../src/admission/policies.ts';
import { readSettings } from '../../../src/settings/settings.ts';

function limitsOf(settings: Record<string, string> = {}) {
  return readSettings(settings).settings.limits;
}

it('[ADM2] allows a user twice as much in all rooms together as in one', () => {
  const { commandsPerSecond, commandBurst } = inAllRooms(limitsOf());
  expect([commandsPerSecond, commandBurst]).toEqual([100, 400]);
});

it('[ADM3] reads twice what a user may do in a room, as the settings have it', () => {
  const limits = limitsOf({ COMMANDS_PER_SECOND: '3', COMMAND_BURST: '10' });
  expect(inboundRate(limits)).toMatchObject({ perSecond: 6, burst: 20 });
});

it('[ADM4] allows as many new rooms as two full sockets are in, then as joins cost', () => {
  expect(newRoomRate(limitsOf())).toEqual({ perSecond: 10, burst: 100 });
  const limits = limitsOf({ COMMANDS_PER_SECOND: '500', MAX_ROOMS_PER_SOCKET: '7' });
  expect(newRoomRate(limits)).toEqual({ perSecond: 100, burst: 14 });
});

it('[ADM5] spreads requests over 10 ms each, new rooms over 20, and never more', () => {
  expect([spreadRate(limitsOf()).perSecond, newRoomCost(limitsOf())]).toEqual([100, 2]);
  const slower = limitsOf({ COMMANDS_PER_SECOND: '1' });
  expect([spreadRate(slower).perSecond, newRoomCost(slower)]).toEqual([100, 2]);
  const faster = limitsOf({ COMMANDS_PER_SECOND: '500' });
  expect([spreadRate(faster).perSecond, newRoomCost(faster)]).toEqual([1_000, 20]);
});
