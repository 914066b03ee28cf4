import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enter, Listener } from './listener.ts';
import { withHarness } from './with-harness.ts';

const NAMES = ['userJoined', 'userLeft', 'presence'];

/**
 * Follows the presence events of one connection.
 * @throws if a user joins or leaves twice in a row; names are not followed after a `presence`
 * @returns the number of online users
 */
function follow(listener: Listener): number {
  let here: Set<string> | undefined = new Set(listener.joined.online.map(({ userId }) => userId));
  if (listener.joined.onlineCount > here.size) here = undefined;
  let count = listener.joined.onlineCount;
  for (const [name, { userId, onlineCount }] of listener.heard(...NAMES)) {
    if (name === 'presence') {
      here = undefined;
      count = onlineCount as number;
    } else {
      count += name === 'userJoined' ? 1 : -1;
      if (here === undefined) continue;
      const wasHere = here.delete(userId as string);
      if (wasHere !== (name === 'userLeft')) throw new Error(`${name} of ${String(userId)} again`);
      if (!wasHere) here.add(userId as string);
    }
  }
  return count;
}

describe('a crowd', () => {
  it('[PRES4] of more than 200 is sent as a number, at most once a second and only when it changed', () =>
    withHarness({}, (harness) => {
      const first = new Listener(harness, { userId: 'first' });
      for (let n = 2; n <= 200; n++) enter(harness, `user ${n}`);
      harness.pass(250);
      expect(first.heard('userJoined')).toHaveLength(199);
      expect(first.heard('presence')).toEqual([]);
      const guests = Array.from({ length: 5 }, (_, n) => {
        const guest = new Listener(harness, { userId: `guest ${n}` });
        expect(guest.joined).toMatchObject({ presence: 'count', onlineCount: 201 + n });
        expect(guest.joined.online).toHaveLength(100);
        return guest;
      });
      expect(first.heard('userJoined')).toHaveLength(199);
      harness.pass(999);
      expect(first.heard('presence')).toEqual([]);
      harness.pass(1);
      expect(first.heard('presence').map(([, { onlineCount }]) => onlineCount)).toEqual([205]);
      // A user who leaves and comes back within the second changes nothing.
      guests[0]!.ask('leaveRoom');
      guests[0]!.ask('joinRoom');
      harness.pass(1_000);
      expect(first.heard('presence')).toHaveLength(1);
      for (const guest of guests) guest.ask('leaveRoom');
      harness.pass(1_000);
      expect(first.heard('presence').map(([, { onlineCount }]) => onlineCount)).toEqual([205, 200]);
      guests[0]!.ask('joinRoom');
      harness.pass(1_000);
      expect(follow(first)).toBe(201);
    }));

  it('[PRES2] that disconnects at once needs one timer, which reports those who stay away', () =>
    withHarness({}, (harness) => {
      const first = new Listener(harness, { userId: 'first' });
      const crowd = Array.from({ length: 300 }, (_, n) => enter(harness, `user ${n}`));
      harness.pass(2_000);
      expect(harness.timerCount).toBe(0);
      for (const one of crowd) harness.drop(one.plug, 'disconnected');
      harness.tellEnds();
      harness.flush();
      expect(harness.timerCount).toBe(1);
      harness.pass(4_000);
      // A user who is back within the grace period never left; the next disconnect starts a new one.
      const again = new Listener(harness, { userId: 'user 0' });
      harness.drop(again.plug, 'disconnected');
      harness.tellEnds();
      harness.pass(1_100);
      harness.pass(1_000);
      expect(follow(first)).toBe(2);
      harness.pass(3_500);
      harness.pass(1_000);
      expect(follow(first)).toBe(1);
      expect(harness.timerCount).toBe(0);
    }));

  it('[PRES3] that joins at once is reported in a few frames, from the first user to the last', () =>
    withHarness({}, (harness) => {
      const first = new Listener(harness, { userId: 'first' });
      harness.pass(1_000);
      const crowd = Array.from({ length: 100 }, (_, n) => {
        const one = enter(harness, `user ${n}`);
        if (n === 0) expect(first.heard('userJoined')).toHaveLength(1);
        harness.pass(10);
        return one;
      });
      harness.pass(250);
      expect(first.heard('userJoined')).toHaveLength(100);
      expect(first.frames.length).toBeLessThan(10);
      for (const one of [first, ...crowd]) {
        expect(follow(one)).toBe(101);
        expect(one.frames.length).toBeLessThan(10);
      }
    }));

  it('[PRES3] is reported to a connection before any other event of those users', () =>
    withHarness({}, (harness) => {
      const [first, second] = [
        new Listener(harness, { userId: 'first' }),
        enter(harness, 'second'),
      ];
      harness.pass(1_000);
      const heard = (one: Listener) => one.heard('userJoined', 'message').map(([name]) => name);
      for (const n of [3, 4]) enter(harness, `user ${n}`);
      expect(heard(first)).toEqual(['userJoined', 'userJoined']);
      first.ask('getMembers');
      expect(heard(first)).toEqual(['userJoined', 'userJoined', 'userJoined']);
      expect(heard(second)).toEqual(['userJoined']);
      enter(harness, 'user 5').ask('message', { message: 'hi' });
      expect(heard(first).slice(3)).toEqual(['userJoined', 'message']);
      expect(heard(second).slice(1)).toEqual(['userJoined', 'userJoined', 'message']);
      harness.pass(1_000);
      expect([heard(first).length, heard(second).length]).toEqual([5, 4]);
    }));

  it('of about 200 is reported in names or numbers that add up for every connection (P6)', () => {
    const step = fc.oneof(
      fc.record({ enter: fc.nat(9) }),
      fc.record({ leave: fc.nat(9) }),
      fc.record({ drop: fc.nat(9) }),
      fc.record({ ms: fc.constantFrom(1, 500, 1_000, 5_000) }),
      fc.constant('sleep' as const),
    );
    withHarness({ COMMAND_BURST: '1000000' }, (harness) => {
      for (let n = 0; n < 194; n++) enter(harness, `user ${n}`);
      const some: (Listener | undefined)[] = [];
      const watchers = [new Listener(harness, { userId: 'watcher' })];
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
          for (const each of steps) {
            if (each === 'sleep') harness.sleep();
            else if ('ms' in each) harness.pass(each.ms);
            else if ('enter' in each) {
              some[each.enter] ??= new Listener(harness, { userId: `some ${each.enter}` });
              some[each.enter]!.ask('joinRoom');
            } else if ('leave' in each) some[each.leave]?.ask('leaveRoom');
            else {
              const gone = some[each.drop];
              if (gone === undefined) continue;
              harness.drop(gone.plug, 'disconnected');
              harness.tellEnds();
              some[each.drop] = undefined;
            }
          }
          harness.flush();
          harness.pass(6_000);
          harness.pass(1_000);
          const newest = new Listener(harness, { userId: 'watcher' });
          watchers.push(newest);
          const { onlineCount } = newest.joined;
          for (const watcher of watchers) expect(follow(watcher)).toBe(onlineCount);
          if (watchers.length > 5) harness.drop(watchers.splice(1, 1)[0]!.plug, 'left');
          harness.tellEnds();
        }),
        { seed: 13, numRuns: 25, endOnFailure: true },
      );
    });
  });

  it('loses a user whose socket closed while the room slept, even if the host did not report it', () =>
    withHarness({}, (harness) => {
      const alice = new Listener(harness, { userId: 'alice' });
      const bob = new Listener(harness, { userId: 'bob' });
      harness.drop(bob.plug, 'disconnected');
      harness.sleep();
      alice.ask('getHistory');
      harness.pass(4_999);
      expect(alice.heard('userLeft')).toEqual([]);
      harness.pass(1);
      expect(alice.heard('userLeft')).toEqual([
        ['userLeft', expect.objectContaining({ userId: 'bob', reason: 'disconnected' })],
      ]);
    }));
});
