import { expect, onTestFinished, test } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import { admin, World } from '../../simulation/inbox/world.ts';
import { temporaryFolder } from '../../support/folder.ts';

const person = (userId: string): Identity => ({ userId, name: userId });
const [ann, bob] = [person('ann'), person('bob')];

const SUBSCRIPTION = {
  endpoint: 'https://push.example.com/1',
  keys: { p256dh: `B${'x'.repeat(86)}`, auth: 'y'.repeat(22) },
};

/** Settings with which a backend gets the notifications of the room `general`. */
const HOOK = {
  WEBHOOK_URL: 'https://backend.example.com/hook',
  WEBHOOK_SECRETS: `whsec_${'x'.repeat(32)}`,
  WEBHOOK_EVENTS: 'notification',
  WEBHOOK_ROOMS: 'general',
};

/** Ann, whose browser is subscribed if `isSubscribed`, and Bob in one room, which Ann has read. */
function newWorld(settings: Record<string, string> = {}, isSubscribed = true): World {
  const world = new World(temporaryFolder(), settings);
  onTestFinished(() => world.close());
  if (isSubscribed) world.ask(ann, 'subscribePush', SUBSCRIPTION);
  for (const { userId } of [ann, bob]) say(world, userId);
  world.rest();
  read(world);
  world.rest();
  return world;
}

function say(world: World, userId: string, mentions: string[] = []): number {
  const payload = { message: 'words', mentions };
  const result = world.inRoom('general', person(userId), 'message', payload);
  return (result as object as { message: { seq: number } }).message.seq;
}

function read(world: World): void {
  world.inRoom('general', ann, 'markRead', { readUpTo: 1_000_000 });
}

/** Lets time pass second by second; all calls arrive after each. */
function pass(world: World, seconds: number): void {
  for (let passed = 0; passed < seconds; passed++) {
    world.pass(1_000);
    world.arriveAll();
  }
}

function openInbox(world: World): void {
  const connection = world.connect(ann);
  world.inboxes.use((inbox) => {
    inbox.connect(connection, {});
    world.connectionsOf('').add(connection);
  });
  world.arriveAll();
}

/** The pushed messages, each with the seconds from `since` to its push. */
function shown({ pushes, clock }: World, since: number): [seq: number, seconds: number][] {
  expect(clock.now).toBeGreaterThan(since);
  return pushes.map(({ notice, at }) => [notice.seq, Math.round((at - since) / 1_000)]);
}

test('[PUSH2] a mention is pushed at once to a user who is connected nowhere', () => {
  const world = newWorld();
  const { now } = world.clock;
  const seq = say(world, 'bob', ['ann']);
  pass(world, 60);
  const [first, ...more] = shown(world, now);
  expect(first![0]).toBe(seq);
  expect(first![1]).toBeLessThanOrEqual(3);
  expect(more).toEqual([]);
});

test('[PUSH1] a mention within a second of reading is pushed at once', () => {
  const world = newWorld();
  const first = say(world, 'bob', ['ann']);
  pass(world, 10);
  read(world);
  const second = say(world, 'bob', ['ann']);
  pass(world, 10);
  expect(world.pushes.map(({ notice }) => notice.seq)).toEqual([first, second]);
});

test.each([
  ['inbox', openInbox],
  ['room', (world: World) => void world.join('general', ann)],
])(
  '[PUSH2] a user who is connected to the %s gets a push after 20 s, and none of what they have read',
  (_, connect) => {
    const world = newWorld();
    connect(world);
    const { now } = world.clock;
    const seq = say(world, 'bob', ['ann']);
    pass(world, 19);
    expect(world.pushes).toEqual([]);
    pass(world, 6);
    expect(shown(world, now).map(([one]) => one)).toEqual([seq]);
    read(world);
    world.rest();
    say(world, 'bob', ['ann']);
    pass(world, 10);
    read(world);
    pass(world, 120);
    expect(world.pushes).toHaveLength(1);
  },
);

test('[PUSH2] a user who was kicked out is notified of mentions when they may come back', () => {
  const world = newWorld(HOOK);
  openInbox(world);
  say(world, 'bob', ['ann']);
  pass(world, 10);
  world.inRoom('general', admin, 'kickMember', { userId: 'ann', seconds: 200 });
  const hidden = say(world, 'bob', ['ann']);
  pass(world, 180);
  expect([world.pushes, world.notified]).toEqual([[], []]);
  pass(world, 30);
  const seq = say(world, 'bob', ['ann']);
  pass(world, 200);
  expect(world.pushes.map(({ notice }) => notice.seq)).toEqual([hidden, seq]);
});

test('[INB5] the first mention of a user who was kicked out is pushed when they may come back', () => {
  const world = newWorld();
  world.inRoom('general', admin, 'kickMember', { userId: 'ann', seconds: 60 });
  pass(world, 10);
  const seq = say(world, 'bob', ['ann']);
  pass(world, 49);
  expect(world.pushes).toEqual([]);
  pass(world, 120);
  expect(world.pushes.map(({ notice }) => notice.seq)).toEqual([seq]);
});

test('[PUSH1] a room with `notify: all` is pushed at most once a minute, but a mention at once', () => {
  const world = newWorld();
  world.ask(ann, 'setConversation', { roomId: 'general', notify: 'all' });
  world.rest();
  const { now } = world.clock;
  for (let at = 0; at < 90; at++) {
    say(world, 'bob');
    pass(world, 2);
  }
  const seconds = shown(world, now).map(([, second]) => second);
  expect(seconds.length).toBeGreaterThanOrEqual(3);
  for (const [at, second] of seconds.slice(1).entries()) {
    expect(second - seconds[at]!).toBeGreaterThanOrEqual(58);
  }
  const before = world.pushes.length;
  say(world, 'bob', ['ann']);
  pass(world, 5);
  expect(world.pushes.slice(before)).toMatchObject([{ notice: { mention: true } }]);
});

test('[PUSH5] a crash between storing a notice and sending it loses no push', () => {
  const world = newWorld();
  openInbox(world);
  const seq = say(world, 'bob', ['ann']);
  pass(world, 5);
  // The notice is stored and due in some seconds; the crash loses timers and memory.
  world.crash(world.inboxes, '');
  pass(world, 120);
  expect(world.pushes.map(({ notice }) => notice.seq)).toEqual([seq]);
  read(world);
  world.rest();
  const next = say(world, 'bob', ['ann']);
  world.pass(1_000);
  // The room's update arrives; then the push is under way when the process ends.
  while (world.transit.length === 0) world.pass(1_000);
  world.transit.shift()!.arrive();
  expect(world.transit.length).toBeGreaterThan(0);
  world.crash(world.inboxes, '');
  for (const each of world.transit.splice(0)) each.lose();
  world.rest();
  expect(world.pushes.map(({ notice }) => notice.seq)).toEqual([seq, next]);
});

test('[PUSH5] a push that waits when notifications are switched off is dropped, and sets no wakeup', () => {
  const world = newWorld();
  say(world, 'bob', ['ann']);
  const owed = () => world.inboxes.sql.all('SELECT target FROM deliveries');
  for (let seconds = 0; seconds < 5 && owed().length === 0; seconds++) {
    world.pass(1_000);
    for (const each of world.transit.splice(0)) each.arrive();
  }
  expect(owed()).toHaveLength(1);
  world.isPushing = false;
  world.crash(world.inboxes, '');
  world.transit.splice(0);
  world.rest();
  expect([owed(), world.pushes, world.inboxes.wakeAt]).toEqual([[], [], undefined]);
});

test('[HOOK17] the webhook gets a notification for a user without a browser, once', () => {
  const world = newWorld(HOOK, false);
  const before = world.clock.now;
  say(world, 'bob');
  const seq = say(world, 'bob', ['ann']);
  pass(world, 120);
  expect(world.notified).toMatchObject([
    { userId: 'ann', roomId: 'general', notice: { seq, mention: true, unread: 2 } },
  ]);
  expect(world.notified[0]!.at - before).toBeLessThanOrEqual(3_000);
  expect(world.pushes).toEqual([]);
});

test('[HOOK17] the webhook gets a notification beside the push, and none of rooms that it does not follow', () => {
  const world = newWorld(HOOK);
  const seq = say(world, 'bob', ['ann']);
  world.inRoom('other', ann, 'message', { message: 'here' });
  world.inRoom('other', bob, 'message', { message: 'look', mentions: ['ann'] });
  pass(world, 60);
  const shown = world.pushes.map(({ roomId }) => roomId);
  expect(shown.toSorted((a, b) => a.localeCompare(b))).toEqual(['general', 'other']);
  expect(world.notified.map(({ roomId, notice }) => [roomId, notice.seq])).toEqual([
    ['general', seq],
  ]);
});

test('[HOOK17] the webhook gets no notification of a message that is read or deleted within 20 s', () => {
  const world = newWorld(HOOK, false);
  openInbox(world);
  say(world, 'bob', ['ann']);
  pass(world, 10);
  read(world);
  pass(world, 120);
  const seq = say(world, 'bob', ['ann']);
  pass(world, 10);
  world.inRoom('general', bob, 'deleteMessage', { seq });
  pass(world, 120);
  expect(world.notified).toEqual([]);
});

/** Sends a mention of Ann, up to its notification being under way. @returns its `seq` */
function notifying(world: World): number {
  const seq = say(world, 'bob', ['ann']);
  while (world.transit.length === 0) world.pass(1_000);
  for (const telling of world.transit.splice(0)) telling.arrive();
  expect(world.transit).toHaveLength(1);
  return seq;
}

test('[HOOK17] a crash before the webhook has taken a notification does not lose it', () => {
  const world = newWorld(HOOK, false);
  const seq = notifying(world);
  world.crash(world.inboxes, '');
  world.transit.pop()!.lose();
  world.rest();
  expect(world.notified.map(({ notice }) => notice.seq)).toEqual([seq]);
});

test('[HOOK17] the webhook gets no waiting notification of an erased user', () => {
  const world = newWorld(HOOK, false);
  notifying(world);
  world.transit.pop()!.lose();
  const erase = () => world.ask({ ...admin, userId: 'ann' }, 'eraseInbox', {});
  while (!(erase() as { done: boolean }).done) continue;
  const owed = world.inboxes.sql.all('SELECT target FROM deliveries');
  expect([owed, world.notified]).toEqual([[], []]);
});
