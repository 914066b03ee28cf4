import { existsSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { admin, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');

function lived(): RoomAtHand {
  const room = new RoomAtHand();
  for (let at = 0; at < 300; at++) {
    room.ask(alice, 'message', { message: `a secret ${at} `.repeat(20) });
  }
  room.ask(bob, 'message', { message: 'mine too' });
  return room;
}

function expectGone(room: RoomAtHand): void {
  expect(room.bytes().includes('secret')).toBe(false);
  expect(room.bytes().includes('alice')).toBe(false);
  for (const who of [alice, bob, admin]) {
    for (const [name, payload] of [
      ['getRoom', {}],
      ['getHistory', {}],
      ['message', { message: 'hello?' }],
      ['deleteRoom', {}],
      ['exportRoom', {}],
      ['importRoom', { text: '{}', line: 1 }],
    ] as const) {
      expect(refusal(room.execute(who, name, payload)).code, name).toBe('room_not_found');
    }
    expect(() => room.join(who)).toThrow('There is no such room, or it is not for you.');
  }
}

it('deleting a room erases everything, closes every connection, and makes the room not found', () => {
  const room = lived();
  const listeners = [room.join(alice), room.join(bob), room.join(bob)];
  const heard = listeners.map(({ lines }) => lines.length);
  room.ask(alice, 'deleteRoom', {});
  expect(listeners.map(({ endedWith }) => endedWith)).toEqual([4503, 4503, 4503]);
  expect(listeners.map(({ lines }) => lines.length)).toEqual(heard);
  expectGone(room);
  room.crash();
  expectGone(room);
  expect(existsSync(`${room.path}-new`)).toBe(false);
  room.file.close();
  expect(statSync(room.path).size).toBeLessThan(220_000);
});

it('a room is erased at its next wakeup if the process ended right after the deletion was stored', () => {
  const room = lived();
  room.storeOnly(alice, 'deleteRoom', {});
  expect(room.wakeAt).toBeLessThanOrEqual(room.now);
  room.crash();
  expect(refusal(room.execute(alice, 'getRoom', {})).code).toBe('room_not_found');
  expect(room.bytes().includes('secret')).toBe(true);
  expect(room.wakeWhileDue()).toBe(1);
  expectGone(room);
});

it('a deleted room that is reopened before it was erased is empty', () => {
  const room = lived();
  room.storeOnly(alice, 'deleteRoom', {});
  room.crash();
  room.ask(admin, 'reopenRoom', {});
  expect(room.ask(bob, 'getHistory', {}).messages).toEqual([]);
  expect(room.bytes().includes('secret')).toBe(false);
});

it('a deleted room that an admin reopens is empty and has a new epoch', () => {
  const room = lived();
  const { epoch, position } = room.join(bob).joined;
  room.ask(alice, 'deleteRoom', {});
  for (const who of [alice, bob]) {
    expect(refusal(room.execute(who, 'reopenRoom', {})).code).toBe('room_not_found');
  }
  room.now += 5_000;
  const { room: info } = room.ask(admin, 'reopenRoom', {});
  expect(info).toMatchObject({ memberCount: 0, horizon: 0, createdAt: room.now, private: false });
  const { joined } = room.join(bob, { since: position });
  expect(joined).toMatchObject({ reset: true, messages: [] });
  expect(joined.epoch).not.toBe(epoch);
  const { joined: fresh } = room.join(alice, { since: '0:0' });
  expect(fresh.reset).toBeUndefined();
  expect(room.ask(bob, 'message', { message: 'first again' }).message.seq).toBe(1);
  expect(room.ask(bob, 'getMembers', {}).members).toMatchObject([{ role: 'owner' }]);
  const { acts } = room.ask(bob, 'getAudit', {});
  expect(acts).toMatchObject([{ act: 'reopenRoom', by: admin.userId }]);
});

it('only owners and admins delete a room, and reopening an existing one changes nothing', () => {
  const room = lived();
  const mod = person('mod');
  room.ask(alice, 'setRole', { userId: mod.userId, role: 'moderator' });
  for (const who of [bob, mod]) {
    expect(refusal(room.execute(who, 'deleteRoom', {})).code).toBe('forbidden');
    expect(refusal(room.execute(who, 'reopenRoom', {})).code).toBe('forbidden');
  }
  const before = room.ask(alice, 'getRoom', {}).room;
  expect(room.ask(admin, 'reopenRoom', {}).room).toEqual(before);
  expect(room.ask(alice, 'getHistory', {}).messages).toHaveLength(50);
});

it('an admin reserves a name by deleting a room without messages', () => {
  const room = new RoomAtHand();
  expect(refusal(room.execute(bob, 'deleteRoom', {})).code).toBe('forbidden');
  room.ask(admin, 'deleteRoom', {});
  expect(refusal(room.execute(bob, 'message', { message: 'x' })).code).toBe('room_not_found');
});
