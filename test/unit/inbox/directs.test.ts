import { expect, onTestFinished, test } from 'vitest';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { InboxCommandName, InboxReply } from '../../../src/protocol/inbox-commands.ts';
import type { Result } from '../../../src/protocol/frames.ts';
import { inInbox } from '../../simulation/inbox/oracle.ts';
import { admin, directIdOf, World } from '../../simulation/inbox/world.ts';
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

/** A direct room's answer to a message: `ok`, or the code of the refusal. */
function sayTo(world: World, from: string, to: string): string {
  const payload = { message: 'words' };
  const said = world.inRoom(directIdOf(from, to), person(from), 'message', payload);
  return said.ok ? 'ok' : said.error.code;
}

/** Whether a user's inbox shows the direct room with another one as unread. */
function isUnread(world: World, userId: string, other: string): boolean {
  world.rest();
  return inInbox(world, userId)[directIdOf(userId, other)]?.isUnread === true;
}

const block = (world: World, from: string, to: string) =>
  answerTo(world, person(from), 'blockUser', { userId: to });
const unblock = (world: World, from: string, to: string) =>
  answerTo(world, person(from), 'unblockUser', { userId: to });

test.each([
  ['anyone', 'ok'],
  ['shared', 'member_not_found'],
  ['off', 'member_not_found'],
] as const)(
  '[INB4] a block opens no direct room to either user (DIRECT_MESSAGES=%s)',
  (policy, strangers) => {
    for (const [from, to] of [
      ['ann', 'eve'],
      ['eve', 'ann'],
    ] as const) {
      const world = newWorld(policy);
      meet(world, 'one', ['ann']);
      meet(world, 'two', ['eve']);
      expect(block(world, from, to)).toBe('ok');
      expect(sayTo(world, 'eve', 'ann')).toBe('room_not_found');
      expect(unblock(world, from, to)).toBe('ok');
      expect(sayTo(world, 'eve', 'ann')).toBe('room_not_found');
      expect(world.room(directIdOf('ann', 'eve')).file.isEmpty()).toBe(true);
      expect(open(world, 'eve', 'ann')).toBe(strangers);
      expect(sayTo(world, 'eve', 'ann')).toBe(strangers === 'ok' ? 'ok' : 'room_not_found');
      expect(isUnread(world, 'ann', 'eve')).toBe(strangers === 'ok');
    }
  },
);

test('[INB4] blocks do not add to the 20 direct rooms a day, and ask no room of a guest or a webhook', () => {
  const world = newWorld('anyone');
  const others = Array.from({ length: 21 }, (_, at) => `other ${at}`);
  meet(world, 'hall', ['ann', ...others]);
  for (const other of others) {
    expect(block(world, 'ann', other)).toBe('ok');
    expect(unblock(world, 'ann', other)).toBe('ok');
  }
  const made = others.map((userId) => open(world, 'ann', userId));
  expect(made).toEqual([...Array<string>(20).fill('ok'), 'rate_limited']);
  const before = world.calls;
  for (const other of ['guest:1', 'hook:alerts']) {
    expect(block(world, 'ann', other)).toBe('ok');
    expect(unblock(world, 'ann', other)).toBe('ok');
  }
  expect(world.calls).toBe(before);
});

test('a block is sent to the direct room with both users, whom rooms of earlier versions require', () => {
  const world = newWorld('anyone');
  world.toInbox(person('ann'), 'blockUser', { userId: 'eve' });
  const payload = { userId: 'ann', other: 'eve', blocked: true };
  expect(world.transit.map(({ ask }) => ask?.payload)).toEqual([payload]);
});

test('[INB4] a user who is blocked before their direct room exists does not count in it', () => {
  const world = newWorld('anyone');
  meet(world, 'hall', ['ann', 'eve']);
  expect(block(world, 'ann', 'eve')).toBe('ok');
  expect(open(world, 'eve', 'ann')).toBe('member_not_found');
  expect(open(world, 'ann', 'eve')).toBe('ok');
  expect(sayTo(world, 'eve', 'ann')).toBe('ok');
  expect(isUnread(world, 'ann', 'eve')).toBe(false);
  expect(unblock(world, 'ann', 'eve')).toBe('ok');
  expect(isUnread(world, 'ann', 'eve')).toBe(true);
});

test.each(['eve', 'ann'])(
  '[INB4] a block holds in a direct room that %s opens at the same time',
  (opener) => {
    const other = opener === 'ann' ? 'eve' : 'ann';
    // The block is given after some calls of the opening, and either of them goes on first.
    for (let calls = 0; calls <= 5; calls++) {
      for (const isBlockFirst of [true, false]) {
        const world = newWorld('anyone');
        meet(world, 'hall', ['ann', 'eve']);
        world.toInbox(person(opener), 'openDirect', { userId: other });
        for (let at = 0; at < calls; at++) world.transit.shift()?.arrive();
        const opening = world.transit.splice(0);
        world.toInbox(person('ann'), 'blockUser', { userId: 'eve' });
        const blocking = world.transit.splice(0);
        for (const group of isBlockFirst ? [blocking, opening] : [opening, blocking]) {
          for (const call of group) call.arrive();
          world.arriveAll();
        }
        const said = sayTo(world, 'eve', 'ann');
        if (opener === 'ann') expect([calls, said]).toEqual([calls, 'ok']);
        expect([calls, isUnread(world, 'ann', 'eve')]).toEqual([calls, false]);
      }
    }
  },
);

test('[INB4] a block that is ended while the direct room is opened does not stay in the room', () => {
  // The block is ended after some calls of the opening, and either of them goes on first.
  for (let calls = 0; calls <= 5; calls++) {
    for (let between = 0; between <= 2; between++) {
      const world = newWorld('anyone');
      meet(world, 'hall', ['ann', 'eve']);
      expect(block(world, 'ann', 'eve')).toBe('ok');
      world.toInbox(person('ann'), 'openDirect', { userId: 'eve' });
      for (let at = 0; at < calls; at++) world.transit.shift()?.arrive();
      const opening = world.transit.splice(0);
      world.toInbox(person('ann'), 'unblockUser', { userId: 'eve' });
      for (let at = 0; at < between; at++) world.transit.shift()?.arrive();
      const unblocking = world.transit.splice(0);
      for (const call of opening) call.arrive();
      world.arriveAll();
      for (const call of unblocking) call.arrive();
      world.arriveAll();
      expect(sayTo(world, 'eve', 'ann')).toBe('ok');
      expect([calls, between, isUnread(world, 'ann', 'eve')]).toEqual([calls, between, true]);
    }
  }
});

test('[INB9] a block that waits in a direct room is erased with its user', () => {
  const world = newWorld('anyone');
  meet(world, 'hall', ['annika', 'eve']);
  world.toInbox(person('eve'), 'openDirect', { userId: 'annika' });
  // Eve's inbox has prepared the room, and not yet opened it.
  for (let calls = 0; calls < 3; calls++) world.transit.shift()!.arrive();
  expect(block(world, 'annika', 'eve')).toBe('ok');
  const { file } = world.room(directIdOf('annika', 'eve'));
  const stored = () => file.all('SELECT user_id FROM told');
  expect(stored()).toEqual([{ user_id: 'annika' }]);
  const erased = { ...admin, userId: 'annika' };
  while (!(world.ask(erased, 'eraseInbox', {}) as { done: boolean }).done) world.rest();
  expect(stored()).toEqual([]);
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

test('[INB4] an admin who acts in a direct room of two others does not get onto its list', () => {
  const world = newWorld('anyone');
  const ada = person('ada', { admin: true });
  const roomId = directIdOf('bob', 'cem');
  // By then nobody has opened the room.
  world.inRoom(roomId, ada, 'message', { message: 'to whom it may concern' });
  expect(world.inRoom(roomId, ada, 'getMembers', {})).toMatchObject({
    members: [],
    memberCount: 0,
  });
  meet(world, 'hall', ['bob', 'cem']);
  expect(open(world, 'bob', 'cem')).toBe('ok');
  world.inRoom(roomId, person('bob'), 'message', { message: 'words' });
  for (const [name, payload] of [
    ['message', { message: 'a notice', mentions: ['bob'] }],
    ['addReaction', { seq: 2, emoji: '👀' }],
    ['markRead', { readUpTo: 2 }],
  ] as const) {
    expect([name, world.inRoom(roomId, ada, name, payload)]).toMatchObject([name, { ok: true }]);
  }
  world.rest();
  for (const [userId, other] of [
    ['bob', 'cem'],
    ['cem', 'bob'],
  ] as const) {
    const { conversations } = world.ask(person(userId), 'getInbox', {}) as InboxReply<'getInbox'>;
    const direct = conversations.find((each) => each.roomId === roomId);
    expect(direct).toMatchObject({ with: { userId: other } });
  }
  expect(world.inRoom(roomId, person('bob'), 'getMembers', {})).toMatchObject({
    members: [{ userId: 'bob' }, { userId: 'cem' }],
    memberCount: 2,
  });
  const without = world.inRoom(roomId, person('ada'), 'getHistory', {});
  expect(without).toMatchObject({ error: { code: 'room_not_found' } });
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
