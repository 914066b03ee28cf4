import { expect, onTestFinished, test } from 'vitest';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { InboxCommandName } from '../../../src/protocol/inbox-commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import { World } from '../../simulation/inbox/world.ts';
import { temporaryFolder } from '../../support/folder.ts';

const DAY_MS = 86_400_000;

const person = (userId: string, more: Partial<Identity> = {}): Identity => ({
  userId,
  name: userId,
  ...more,
});

function newWorld(DIRECT_MESSAGES: 'anyone' | 'shared' | 'off'): World {
  const world = new World(temporaryFolder(), { DIRECT_MESSAGES });
  onTestFinished(() => world.close());
  return world;
}

/** An inbox's answer to a command: `ok`, or the code of the refusal. */
function answerTo(
  world: World,
  identity: Identity,
  name: InboxCommandName,
  payload: object,
): string | undefined {
  let result: Result | undefined;
  try {
    world.toInbox(identity, name, payload, (answer) => {
      result = answer;
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.problem.code;
  }
  world.arriveAll();
  return result?.ok === true ? 'ok' : result?.error.code;
}

const open = (world: World, from: string, to: string) =>
  answerTo(world, person(from), 'openDirect', { userId: to });

function meet(world: World, roomId: string, users: readonly string[]): void {
  for (const userId of users) {
    world.inRoom(roomId, person(userId), 'message', { message: 'words' });
  }
  world.rest();
}

test('[INB4] DIRECT_MESSAGES says who may open a direct room', () => {
  for (const [policy, strangers, roommates] of [
    ['anyone', 'ok', 'ok'],
    ['shared', 'member_not_found', 'ok'],
    ['off', 'member_not_found', 'member_not_found'],
  ] as const) {
    const world = newWorld(policy);
    meet(world, 'one', ['ann', 'bob']);
    meet(world, 'two', ['cem']);
    expect([policy, open(world, 'ann', 'cem')]).toEqual([policy, strangers]);
    expect([policy, open(world, 'ann', 'bob')]).toEqual([policy, roommates]);
    // Unknown users, oneself, guests and webhooks cannot be written to.
    for (const nobody of ['unknown', 'ann', 'guest:1', 'hook:alerts']) {
      expect([nobody, open(world, 'ann', nobody)]).toEqual([nobody, 'member_not_found']);
    }
  }
});

test('[INB4] a user may make 20 direct rooms a day, and open known ones as often as they like', () => {
  const world = newWorld('anyone');
  const others = Array.from({ length: 22 }, (_, at) => `other ${at}`);
  meet(world, 'hall', ['ann', ...others]);
  const made = others.map((userId) => open(world, 'ann', userId));
  expect(made).toEqual([...Array<string>(20).fill('ok'), 'rate_limited', 'rate_limited']);
  expect(open(world, 'ann', others[0]!)).toBe('ok');
  expect(open(world, others[0]!, 'ann')).toBe('ok');
  world.pass(DAY_MS + 1);
  expect(open(world, 'ann', others[20]!)).toBe('ok');
});

test('[INB4] a direct room is closed to every other user, whatever their token grants', () => {
  const world = newWorld('anyone');
  meet(world, 'hall', ['ann', 'bob']);
  expect(open(world, 'ann', 'bob')).toBe('ok');
  const roomId = [...world.rooms.keys()].find((each) => each.startsWith('direct:'))!;
  const eve = person('eve', { rooms: { '*': 'owner' } });
  for (const [name, payload] of [
    ['message', { message: 'hello' }],
    ['getHistory', {}],
    ['setRole', { userId: 'eve', role: 'owner' }],
    ['updateRoom', { topic: 'mine' }],
  ] as const) {
    const refused = world.inRoom(roomId, eve, name, payload);
    expect([name, refused]).toMatchObject([name, { error: { code: 'room_not_found' } }]);
  }
});

test('guests are refused every inbox command', () => {
  const world = newWorld('shared');
  const guest = person('guest:1', { guest: true });
  for (const [name, payload] of [
    ['openInbox', {}],
    ['getInbox', {}],
    ['watchInbox', { roomIds: [] }],
    ['setConversation', { roomId: 'one', pinned: true }],
    ['quitRoom', { roomId: 'one' }],
    ['openDirect', { userId: 'ann' }],
    ['blockUser', { userId: 'ann' }],
    ['getBlocked', {}],
    ['exportInbox', {}],
  ] as const) {
    expect([name, answerTo(world, guest, name, payload)]).toEqual([name, 'forbidden']);
  }
});
