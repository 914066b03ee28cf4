import { expect, it } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Role } from '../../../src/protocol/objects.ts';
import { admin, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const olga = person('olga');
const mark = person('mark');
const bob = person('bob');

/** A room with an owner, a moderator and a member. */
function settled(): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(olga, 'message', { message: 'mine' });
  room.ask(bob, 'message', { message: 'me too' });
  room.ask(olga, 'setRole', { userId: 'mark', role: 'moderator' });
  return room;
}

/** A user to whom the token gives a role. */
function granted(userId: string, role: Role): Identity {
  return { ...person(userId), rooms: { 'the *': role } };
}

it.each([
  ['a moderator by token', granted('tom', 'moderator'), mark],
  ['an owner by token', granted('tom', 'owner'), mark],
  ['an owner by token', granted('tom', 'owner'), olga],
  ['an admin', admin, olga],
])(
  '[MOD2] an act on %s of the same or a higher rank, who is online, is refused',
  (_, who, actor) => {
    const room = settled();
    const there = room.join(who);
    const { userId } = who;
    const acts = [
      room.execute(actor, 'kickMember', { userId }),
      room.execute(actor, 'banMember', { userId }),
      room.execute(actor, 'muteMember', { userId }),
      room.execute(actor, 'setRole', { userId, role: 'viewer' }),
    ];
    for (const act of acts) expect(refusal(act).code).toBe('forbidden');
    expect(there.endedWith).toBeUndefined();
    expect(there.heard('memberUpdated')).toEqual([]);
    room.ask(who, 'message', { message: 'still here' });
  },
);

it('[MOD3] a muted moderator still moderates, and may not send', () => {
  const room = settled();
  room.ask(olga, 'muteMember', { userId: 'mark' });
  room.ask(mark, 'deleteMessage', { seq: 2, note: 'rude' });
  room.ask(mark, 'pinMessage', { seq: 1 });
  room.ask(mark, 'kickMember', { userId: 'bob' });
  room.ask(mark, 'updateRoom', { topic: 'calm' });
  for (const [name, payload] of [
    ['message', { message: 'hello' }],
    ['addReaction', { seq: 1, emoji: '👍' }],
  ] as const) {
    expect([name, refusal(room.execute(mark, name, payload)).code]).toEqual([name, 'muted']);
  }
});

it('[MOD2] a moderator may act on a user whose token grants less', () => {
  const room = settled();
  const there = room.join(granted('tom', 'member'));
  room.ask(mark, 'kickMember', { userId: 'tom' });
  expect(there.endedWith).toBe(4501);
});

it('[ROOM2] a guest cannot become an owner', () => {
  const room = settled();
  const guest: Identity = { userId: 'guest:gus', guest: true };
  room.ask(guest, 'message', { message: 'hello', sender: 'Gus' });
  const userId = guest.userId;
  const { code, message } = refusal(room.execute(olga, 'setRole', { userId, role: 'owner' }));
  expect([code, message]).toEqual([
    'forbidden',
    'Guests own nothing; make somebody owner who has signed in.',
  ]);
  const { member } = room.ask(olga, 'setRole', { userId, role: 'moderator' });
  expect(member.role).toBe('moderator');
});

it('[ROOM2] the first user to write owns the room, not guests or users who only read or reacted', () => {
  const room = new RoomAtHand();
  const roles = () =>
    room.ask(admin, 'getMembers', {}).members.map(({ userId, role }) => [userId, role]);
  room.ask({ userId: 'guest:gus', guest: true }, 'message', { message: 'hello', sender: 'Gus' });
  room.ask(mark, 'addReaction', { seq: 1, emoji: '👋' });
  room.ask(bob, 'markRead', { readUpTo: 1 });
  room.ask(granted('vera', 'viewer'), 'markRead', { readUpTo: 1 });
  expect(roles().filter(([, role]) => role === 'owner')).toEqual([]);
  room.ask(bob, 'message', { message: 'hello, Gus' });
  room.ask(olga, 'message', { message: 'hello, both' });
  expect(roles()).toEqual([
    ['bob', 'owner'],
    ['guest:gus', 'member'],
    ['mark', 'member'],
    ['olga', 'member'],
    ['vera', 'member'],
  ]);
});

it('[ROOM4] a viewer by token who reads in a private room may not write there without the token', () => {
  const room = settled();
  room.ask(olga, 'updateRoom', { private: true });
  room.ask(granted('vera', 'viewer'), 'markRead', { readUpTo: 2 });
  room.ask(granted('tom', 'member'), 'markRead', { readUpTo: 2 });
  const said = room.execute(person('vera'), 'message', { message: 'now I may' });
  expect(refusal(said).code).toBe('forbidden');
  expect(room.join(person('vera')).joined.you).toMatchObject({ role: 'viewer', readUpTo: 2 });
  room.ask(person('tom'), 'message', { message: 'hello' });
});

it('[ROOM2] the first user to write owns the room, even if an admin listed them before', () => {
  const room = new RoomAtHand();
  room.ask(admin, 'setRole', { userId: 'bob', role: 'member' });
  room.ask(bob, 'message', { message: 'first' });
  room.ask(olga, 'message', { message: 'second' });
  const { members, memberCount } = room.ask(olga, 'getMembers', {});
  expect(members.map(({ role }) => role)).toEqual(['owner', 'member']);
  expect(memberCount).toBe(2);
});

it.each(['banned', 'muted', 'off the list'])(
  '[READ3] a new member who was %s long before has nothing unread',
  (what) => {
    const room = settled();
    const userId = 'nora';
    if (what === 'banned') {
      room.ask(olga, 'banMember', { userId });
      room.ask(olga, 'unbanMember', { userId });
    } else if (what === 'muted') {
      room.ask(olga, 'muteMember', { userId, seconds: 1 });
    } else {
      room.ask(olga, 'setRole', { userId, role: 'member' });
      room.ask(olga, 'setRole', { userId, role: 'none' });
    }
    for (let at = 0; at < 5; at++) room.ask(olga, 'message', { message: `line ${at}` });
    room.now += 60_000;
    const nora = person(userId);
    const before = room.join(nora).joined.you;
    expect(before).toMatchObject({ readUpTo: 7, unread: 0 });
    room.ask(nora, 'message', { message: 'hello' });
    expect(room.join(nora).joined.you).toMatchObject({ readUpTo: 7, unread: 0 });
  },
);

it('[MOD6] a user whom an act disconnects is shown as offline, others as online', () => {
  const room = settled();
  const watcher = room.join(olga);
  const here = (userId: string) => room.join(person(userId));
  here('bob');
  expect(room.ask(mark, 'muteMember', { userId: 'bob' }).member.online).toBe(true);
  expect(room.ask(mark, 'banMember', { userId: 'bob' }).member.online).toBe(false);
  here('carl');
  expect(room.ask(mark, 'kickMember', { userId: 'carl' }).member.online).toBe(false);
  here('dora');
  room.ask(olga, 'setRole', { userId: 'dora', role: 'member' });
  expect(room.ask(olga, 'setRole', { userId: 'dora', role: 'none' }).member.online).toBe(true);
  room.ask(olga, 'setRole', { userId: 'dora', role: 'member' });
  room.ask(olga, 'updateRoom', { private: true });
  expect(room.ask(olga, 'setRole', { userId: 'dora', role: 'none' }).member.online).toBe(false);
  const told = watcher.heard('memberUpdated').map(({ userId, online }) => [userId, online]);
  expect(told).toEqual([
    ['bob', true],
    ['bob', false],
    ['dora', true],
    ['dora', true],
    ['dora', true],
    ['dora', false],
  ]);
  expect(watcher.heard('userLeft').map(({ userId, reason }) => [userId, reason])).toEqual([
    ['bob', 'banned'],
    ['carl', 'kicked'],
    ['dora', 'kicked'],
  ]);
});
