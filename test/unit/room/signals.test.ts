import { describe, expect, it, vi } from 'vitest';
import { TokenBucket } from '../../../src/protocol/token-bucket.ts';
import { enter, type Listener } from './listener.ts';
import type { RoomHarness } from './room-harness.ts';
import { withHarness } from './with-harness.ts';

const OPEN = { SIGNALS: 'open', COMMAND_BURST: '100000' };

function seen(listener: Listener, name = 'cursor'): [userId: unknown, x: unknown][] {
  return listener.heard(name).map(([, { userId, x }]) => [userId, x]);
}

it('[ADM16] [SIG5] 20 signals a second of a user pass, and the newest of those above that', () => {
  withHarness(OPEN, (harness) => {
    const alice = enter(harness, 'alice');
    const bob = enter(harness, 'bob');
    for (let x = 1; x <= 100; x++) alice.say('cursor', { x });
    harness.flush();
    expect(seen(bob)).toHaveLength(20);
    harness.pass(50);
    harness.flush();
    expect(seen(bob).at(-1)).toEqual(['alice', 100]);
    harness.pass(5_000);
    expect(seen(bob)).toHaveLength(21);
    expect(seen(alice)).toEqual([]);
  });
});

it("[SIG5] all users share 200 signals a second, and each user's last one arrives", () => {
  withHarness(OPEN, (harness) => {
    const listener = enter(harness, 'listener');
    const users = Array.from({ length: 50 }, (_, at) => enter(harness, `user ${at}`));
    for (let x = 1; x <= 20; x++) {
      for (const user of users) user.say('cursor', { x });
    }
    harness.flush();
    expect(seen(listener)).toHaveLength(200);
    harness.pass(1_000);
    const last = new Map(seen(listener));
    expect([...last.values()]).toEqual(users.map(() => 20));
    expect(seen(listener).length).toBeLessThanOrEqual(400);
  });
});

it('signals store nothing, and delay no durable event', () => {
  withHarness(OPEN, (harness) => {
    const alice = enter(harness, 'alice');
    const bob = enter(harness, 'bob');
    alice.ask('message', { message: 'hello' });
    const { writes } = harness.sql;
    for (let x = 0; x < 500; x++) alice.say('cursor', { x });
    expect(harness.sql.writes).toBe(writes);
    expect(alice.ask('message', { message: 'there' }).ok).toBe(true);
    expect(bob.heard('message')).toHaveLength(2);
  });
});

it('signals in a crowd are dropped without an error', () => {
  withHarness({ ...OPEN, MAX_CONNECTIONS_PER_USER: '10' }, (harness) => {
    const users = Array.from({ length: 101 }, (_, at) => enter(harness, `user ${at}`));
    expect(users[0]!.ask('cursor', { x: 1 })).toEqual({ ok: true });
    expect(seen(users[1]!)).toEqual([]);
  });
});

/** Lets time pass in the steps of the timer that sends waiting signals. */
function passSeconds(harness: RoomHarness, seconds: number): void {
  for (let step = 0; step < seconds * 20; step++) harness.pass(50);
}

/** The numbers in the signals `event 0`, `event 1` and so on that a listener received. */
function numbersSeen(listener: Listener): number[] {
  const names = listener.lines.map(([name]) => name).filter((name) => name.startsWith('event '));
  return names.map((name) => Number(name.slice('event '.length)));
}

it('[SIG5] at most 256 signals of a user wait, the newest ones', () => {
  withHarness(OPEN, (harness) => {
    const [alice, bob] = [enter(harness, 'alice'), enter(harness, 'bob')];
    for (let at = 0; at < 1_000; at++) alice.say(`event ${at}`);
    passSeconds(harness, 60);
    const seen = numbersSeen(bob);
    expect(seen).toHaveLength(20 + 256);
    expect(seen.slice(20)).toEqual(Array.from({ length: 256 }, (_, at) => 1_000 - 256 + at));
  });
});

it('[SIG5] users share the signals that may wait in a room, and the newest of each arrives', () => {
  withHarness(OPEN, (harness) => {
    const listener = enter(harness, 'listener');
    const users = Array.from({ length: 50 }, (_, at) => enter(harness, `user ${at}`));
    for (let at = 0; at < 260; at++) {
      for (const user of users) user.say(`event ${at}`);
    }
    users[0]!.say('cursor', { x: 1 });
    passSeconds(harness, 60);
    expect(seen(listener)).toEqual([['user 0', 1]]);
    const numbers = numbersSeen(listener);
    expect(numbers.filter((number) => number === 259)).toHaveLength(50);
    expect(numbers.length).toBeLessThanOrEqual(200 + 4_096);
  });
});

it.each([
  ['100 users one after another send 256', 100, 256],
  ['5,000 users send one', 5_000, 1],
])('[SIG5] at most 4,096 signals of a room wait, where %s', (_, users, each) => {
  withHarness(OPEN, (harness) => {
    const listener = enter(harness, 'listener');
    for (let user = 0; user < users; user++) {
      for (let at = 0; at < each; at++) {
        harness.ask({ userId: `user ${user}` }, 'sendSignal', { name: `event ${user}.${at}` });
      }
    }
    passSeconds(harness, 60);
    const numbers = numbersSeen(listener);
    expect(numbers.length).toBeGreaterThan(4_000);
    expect(numbers.length).toBeLessThanOrEqual(200 + 4_096);
    expect(numbers).toContain(Number(`${users - 1}.${each - 1}`));
  });
});

it('[SIG5] the newest signal of a user is not dropped, even if it replaces the oldest', () => {
  withHarness(OPEN, (harness) => {
    const [alice, bob] = [enter(harness, 'alice'), enter(harness, 'bob')];
    for (let x = 0; x < 21; x++) alice.say('cursor', { x });
    for (let at = 0; at < 200; at++) alice.say(`event ${at}`);
    for (let user = 0; user < 250; user++) {
      harness.ask({ userId: `user ${user}` }, 'sendSignal', { name: 'event 0' });
    }
    alice.say('cursor', { x: 'newest' });
    passSeconds(harness, 60);
    expect(seen(bob).at(-1)).toEqual(['alice', 'newest']);
  });
});

it('a signal looks at no waiting signals of other users', () => {
  withHarness(OPEN, (harness) => {
    const users = Array.from({ length: 50 }, (_, at) => enter(harness, `user ${at}`));
    for (let at = 0; at < 30; at++) {
      for (const user of users) user.say(`event ${at}`);
    }
    const take = vi.spyOn(TokenBucket.prototype, 'take');
    for (const user of users) user.say('cursor', { x: 1 });
    const takes = take.mock.calls.length;
    take.mockRestore();
    // The user's commands, the user's signals, the room's signals.
    expect(takes).toBeLessThanOrEqual(3 * users.length);
  });
});

it.each([
  ['leaves', 'leaveRoom', undefined],
  ['is kicked', 'kickMember', undefined],
  ['is banned', 'banMember', undefined],
  ['is muted', 'muteMember', undefined],
  ['becomes a viewer', 'setRole', undefined],
  ['is banned without a connection', 'banMember', 'over HTTP'],
])('[SIG5] waiting signals of a user who %s are dropped', (_, command, overHttp) => {
  withHarness(OPEN, (harness) => {
    const owner = enter(harness, 'owner');
    owner.ask('message', { message: 'mine' });
    const alice = overHttp === undefined ? enter(harness, 'alice') : undefined;
    for (let at = 0; at < 100; at++) {
      const name = `event ${at}`;
      if (alice === undefined) harness.ask({ userId: 'alice' }, 'sendSignal', { name });
      else alice.say(name);
    }
    if (command === 'leaveRoom') alice?.say(command);
    else {
      const role = command === 'setRole' ? { role: 'viewer' } : {};
      expect(owner.ask(command, { userId: 'alice', ...role }).ok).toBe(true);
    }
    harness.flush();
    const before = numbersSeen(owner).length;
    expect(before).toBe(20);
    passSeconds(harness, 10);
    expect(numbersSeen(owner)).toHaveLength(before);
  });
});

describe('a connection that reads too slowly', () => {
  /** Unread bytes, more than half of the maximum, so that the connection loses ephemeral events. */
  const SLOW = 800_000;

  it('[SIG4] receives the newest of each signal and user once it keeps up, and no older one', () => {
    withHarness(OPEN, (harness) => {
      const [alice, carol, bob] = ['alice', 'carol', 'bob'].map((userId) => enter(harness, userId));
      bob!.buffered = SLOW;
      for (let x = 1; x <= 10; x++) {
        alice!.say('cursor', { x });
        carol!.say('cursor', { x: -x });
        harness.flush();
      }
      alice!.say('hand', { x: 1 });
      harness.flush();
      harness.pass(1_000);
      expect(seen(bob!)).toEqual([]);
      alice!.say('cursor', { x: 11 });
      harness.flush();
      bob!.buffered = 0;
      harness.pass(1_000);
      expect(new Map(seen(bob!))).toEqual(
        new Map([
          ['alice', 11],
          ['carol', -10],
        ]),
      );
      expect(seen(bob!, 'hand')).toEqual([['alice', 1]]);
      harness.pass(5_000);
      expect(seen(bob!)).toHaveLength(2);
    });
  });

  it('[SIG4] receives no older signal after one that was sent with a message', () => {
    withHarness(OPEN, (harness) => {
      const [alice, bob] = [enter(harness, 'alice'), enter(harness, 'bob')];
      bob.buffered = SLOW;
      alice.say('cursor', { x: 1 });
      harness.flush();
      alice.say('cursor', { x: 2 });
      alice.say('message', { message: 'with it' });
      harness.flush();
      expect(seen(bob)).toEqual([['alice', 2]]);
      bob.buffered = 0;
      harness.pass(2_000);
      expect(seen(bob)).toEqual([['alice', 2]]);
    });
  });

  it('[SIG5] receives durable events in order and without delay in a flood of signals', () => {
    withHarness(OPEN, (harness) => {
      const reader = enter(harness, 'reader');
      const users = Array.from({ length: 50 }, (_, at) => enter(harness, `user ${at}`));
      reader.buffered = SLOW;
      const sent: string[] = [];
      for (let round = 0; round < 40; round++) {
        for (const user of users) user.say('cursor', { x: round });
        sent.push(`message ${round}`);
        users[round]!.say('message', { message: `message ${round}` });
        harness.flush();
        const heard = reader.heard('message').map(([, { message }]) => message);
        expect(heard).toEqual(sent);
        harness.pass(50);
      }
      reader.buffered = 0;
      harness.pass(3_000);
      const last = new Map(seen(reader));
      expect([...last.values()]).toEqual(users.map(() => 39));
    });
  });

  it('has at most 256 signals kept for it', () => {
    withHarness(OPEN, (harness) => {
      const [alice, bob] = [enter(harness, 'alice'), enter(harness, 'bob')];
      bob.buffered = SLOW;
      for (let at = 0; at < 400; at++) {
        alice.say(`event ${at}`, { x: at });
        harness.flush();
        harness.pass(50);
      }
      bob.buffered = 0;
      harness.pass(2_000);
      const names = bob.lines.map(([name]) => name).filter((name) => name.startsWith('event '));
      expect(names).toHaveLength(256);
      expect(names.at(-1)).toBe('event 399');
    });
  });
});
