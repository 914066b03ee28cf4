import { expect, onTestFinished, test } from 'vitest';
import type { Identity } from '../../../src/protocol/identity.ts';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import type { InboxReply } from '../../../src/protocol/inbox-commands.ts';
import type { Conversation } from '../../../src/protocol/inbox-objects.ts';
import { excerptOf } from '../../../src/room/inbox-updates/excerpt.ts';
import { migrations } from '../../../src/room/storage/migrations.ts';
import { CREATE_SENT_STATES } from '../../../src/room/storage/sent-states.ts';
import { oldRoom } from '../../contract/old-rooms.ts';
import { admin, World } from '../../simulation/inbox/world.ts';
import { temporaryFolder } from '../../support/folder.ts';

function newWorld(settings: Record<string, string> = {}): World {
  const world = new World(temporaryFolder(), settings);
  onTestFinished(() => world.close());
  return world;
}

function person(userId: string, more: Partial<Identity> = {}): Identity {
  return { userId, name: userId, ...more };
}

function say(world: World, roomId: string, userId: string, mentions: string[] = []): number {
  const result = world.inRoom(roomId, person(userId), 'message', { message: 'words', mentions });
  return (result as object as { message: { seq: number } }).message.seq;
}

/** Lets time pass in steps; all calls arrive after each. */
function pass(world: World, ms: number, stepMs = 1_000): void {
  for (let passed = 0; passed < ms; passed += stepMs) {
    world.pass(stepMs);
    world.arriveAll();
  }
}

/** The `conversationUpdated` events of a user who has opened the inbox and watches a room. */
function watching(world: World, userId: string): Partial<Conversation>[] {
  const heard: Partial<Conversation>[] = [];
  const connection = world.connect(person(userId), ([name, payload]) => {
    if (name === 'conversationUpdated') heard.push(payload as Conversation);
  });
  world.inboxes.use((inbox) => {
    inbox.connect(connection, {});
    world.connectionsOf('').add(connection);
  });
  world.arriveAll();
  world.ask(person(userId), 'watchInbox', { roomIds: ['general'] });
  heard.splice(0);
  return heard;
}

function list(world: World, identity: Identity): InboxReply<'getInbox'> {
  return world.ask(identity, 'getInbox', {}) as InboxReply<'getInbox'>;
}

test('[INB1] after "unread" a room sends almost nothing until the user has read', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.rest();
  const before = world.calls;
  for (let at = 0; at < 100; at++) {
    say(world, 'general', 'bob');
    pass(world, 2_000);
  }
  // "unread" for Ann once, and the newest message of Bob, which is sent only now and then.
  expect(world.calls - before).toBeLessThan(10);
  expect(list(world, person('ann')).conversations).toMatchObject([{ unread: 100 }]);
});

test('[INB7] a count shown to a watching user before its update arrives is not stored', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob', 'cem']) say(world, 'general', userId);
  world.rest();
  world.ask(person('ann'), 'watchInbox', { roomIds: ['general'] });
  say(world, 'general', 'bob', ['ann']);
  world.pass(1_000);
  const late = world.transit.splice(0);
  const seq = say(world, 'general', 'cem', ['ann']);
  pass(world, 5_000);
  for (const each of late) each.arrive();
  world.inRoom('general', person('cem'), 'deleteMessage', { seq });
  world.rest();
  expect(list(world, person('ann')).conversations).toMatchObject([{ unreadMentions: 1 }]);
});

test.each([
  ['an absent', false],
  ['a present', true],
])(
  "[INB7] %s user's inbox shows an unread message that follows 10,000 of their own",
  (_, isPresent) => {
    const world = newWorld();
    say(world, 'general', 'bot');
    if (isPresent) world.join('general', person('bot'));
    for (let at = 1; at < fixed.unreadLookedAt; at++) say(world, 'general', 'bot');
    world.rest();
    say(world, 'general', 'ann');
    pass(world, 2 * 60_000);
    expect(list(world, person('bot')).conversations).toMatchObject([{ unread: 1 }]);
  },
);

test('[INB1] users who read every message at once cost a call an hour each, even if they are mentioned', () => {
  const world = newWorld();
  const readers = Array.from({ length: 50 }, (_, at) => `reader ${at}`);
  for (const userId of readers) say(world, 'general', userId);
  for (const userId of readers) world.join('general', person(userId));
  for (const userId of readers) {
    world.inRoom('general', person(userId), 'markRead', { readUpTo: 1_000 });
  }
  world.rest();
  const before = world.calls;
  for (let at = 0; at < 40; at++) {
    const readUpTo = say(world, 'general', 'reader 0', readers);
    for (const userId of readers) {
      world.inRoom('general', person(userId), 'markRead', { readUpTo });
    }
    pass(world, 2_000);
  }
  // There were 2,000 reads and 2,000 mentions.
  expect(world.calls - before).toBeLessThanOrEqual(50);
});

test("[INB1] a message's transaction has the same number of writes for any number of members", () => {
  const world = newWorld();
  const room = world.room('general');
  const writesOfMessage = () => {
    world.rest();
    const { writes } = room.sql;
    room.decide((live) =>
      live.execute(person('member 0'), 'message', { roomId: 'general', message: 'words' }),
    );
    const count = room.sql.writes - writes;
    room.flush();
    return count;
  };
  for (let at = 0; at < 5; at++) say(world, 'general', `member ${at}`);
  const few = writesOfMessage();
  for (let at = 5; at < 500; at++) say(world, 'general', `member ${at}`);
  expect(writesOfMessage()).toBe(few);
});

test('[INB5] a user who was kicked out gets no excerpts until they may come back', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.rest();
  const heard = watching(world, 'ann');
  world.inRoom('general', admin, 'kickMember', { userId: 'ann', seconds: 100 });
  const seq = say(world, 'general', 'bob', ['ann']);
  pass(world, 60_000);
  const shown = [...heard, ...list(world, person('ann')).conversations];
  expect(shown.at(-1)).toMatchObject({ roomId: 'general', unreadMentions: 1 });
  expect(shown.filter(({ last }) => last?.seq === seq)).toEqual([]);
  pass(world, 60_000);
  expect(list(world, person('ann')).conversations).toMatchObject([{ last: { seq } }]);
});

test('[INB8] lists, totals and events have only rooms that the token names', () => {
  const world = newWorld({ ROOM_ACCESS: 'token' });
  const both = { rooms: { red: 'member', blue: 'member' } } as const;
  for (const roomId of ['red', 'blue']) {
    for (const userId of ['ann', 'bob']) {
      world.inRoom(roomId, person(userId, both), 'message', { message: 'words' });
    }
  }
  world.rest();
  expect(list(world, person('ann', both)).conversations).toHaveLength(2);
  expect(list(world, person('ann', both)).totals).toEqual({ unread: 2, mentions: 0 });
  const red = person('ann', { rooms: { red: 'member' } });
  expect(list(world, red).conversations).toMatchObject([{ roomId: 'red' }]);
  expect(list(world, red).totals).toEqual({ unread: 1, mentions: 0 });
  const heard: unknown[] = [];
  const connection = world.connect(red, ([name, payload]) => heard.push([name, payload]));
  world.inboxes.use((inbox) => {
    inbox.connect(connection, {});
    world.connectionsOf('').add(connection);
  });
  world.arriveAll();
  heard.splice(0);
  for (const roomId of ['red', 'blue']) {
    world.inRoom(roomId, person('ann', both), 'markRead', { readUpTo: 2 });
  }
  world.rest();
  expect(JSON.stringify(heard)).toContain('red');
  expect(JSON.stringify(heard)).not.toContain('blue');
});

test('[INB3] 5,000 conversations come in pages, each once', () => {
  const world = newWorld();
  const state = {
    asOf: 1,
    kind: 'room' as const,
    role: 'member' as const,
    readUpTo: 0,
    unread: 0,
    unreadMentions: 0,
    notify: 'mentions' as const,
  };
  world.inboxes.use((inbox) => {
    const told = Array.from({ length: 5_000 }, (_, at) => ({
      roomId: `room ${at}`,
      state: { ...state, version: at + 1, at: at % 1_000 },
    }));
    inbox.take('ann', told);
  });
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const query = { limit: 200, ...(after !== undefined && { after }) };
    const page = world.ask(person('ann'), 'getInbox', query) as InboxReply<'getInbox'>;
    seen.push(...page.conversations.map(({ roomId }) => roomId));
    after = seen.at(-1);
    if (!page.hasMore) break;
  }
  expect(seen).toHaveLength(5_000);
  expect(new Set(seen).size).toBe(5_000);
});

test('[INB7] a watched room sends changes as they happen, in at most two calls a second', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.rest();
  const heard = watching(world, 'ann');
  const before = world.calls;
  for (let at = 0; at < 40; at++) {
    say(world, 'general', 'bob');
    pass(world, 100, 100);
  }
  pass(world, 2_000, 100);
  expect(heard.at(-1)).toMatchObject({ unread: 41, last: { seq: 42 } });
  expect(heard.length).toBeGreaterThan(3);
  expect(world.calls - before).toBeLessThan(16);
  // Two minutes later the watch has ended.
  pass(world, 120_000);
  heard.splice(0);
  say(world, 'general', 'bob');
  pass(world, 2_000, 100);
  expect(heard).toEqual([]);
});

test('[INB7] a mention that is deleted before its update was sent is no longer shown', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.rest();
  const heard = watching(world, 'ann');
  say(world, 'general', 'bob', ['ann']);
  pass(world, 3_000);
  const seq = say(world, 'general', 'bob', ['ann']);
  pass(world, 3_000);
  expect(heard.at(-1)).toMatchObject({ unread: 3, unreadMentions: 2 });
  world.inRoom('general', person('bob'), 'deleteMessage', { seq });
  pass(world, 3_000);
  expect(heard.at(-1)).toMatchObject({ unread: 2, unreadMentions: 1 });
});

test('[INB7] a room that is watched and busy for long makes one call in two seconds', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.rest();
  const callsOfMinutes = [1, 2, 3, 4].map(() => {
    world.ask(person('ann'), 'watchInbox', { roomIds: ['general'] });
    const before = world.tellings;
    for (let half = 0; half < 120; half++) {
      say(world, 'general', 'bob');
      pass(world, 500, 250);
    }
    return world.tellings - before;
  });
  // The first minutes use up the saved allowance.
  expect(callsOfMinutes[0]).toBeGreaterThan(70);
  expect(callsOfMinutes[3]).toBeGreaterThan(25);
  expect(callsOfMinutes[3]).toBeLessThan(35);
});

test('[INB7] states that arrive late, twice or out of order change nothing', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  world.pass(1_000);
  const [first] = world.transit.splice(0, 1);
  world.arriveAll();
  world.inRoom('general', person('ann'), 'markRead', { readUpTo: 2 });
  first!.lose();
  world.rest();
  const before = list(world, person('ann')).conversations;
  first!.arrive();
  first!.arrive();
  expect(list(world, person('ann')).conversations).toEqual(before);
});

test('[INB7] a user who joins a list in the millisecond of quitting the room before it existed has the room', () => {
  const world = newWorld();
  world.ask(person('ann'), 'quitRoom', { roomId: 'general' });
  say(world, 'general', 'ann');
  world.rest();
  expect(list(world, person('ann')).conversations).toMatchObject([{ roomId: 'general' }]);
});

test('an excerpt is one line of at most 100 whole code points', () => {
  expect(excerptOf('a\n\n b\u2028c\td')).toBe('a b c d');
  expect(excerptOf('😀'.repeat(200))).toBe('😀'.repeat(100));
  expect(excerptOf(`${' '.repeat(998)}x😀y`)).toBe('x');
  expect(excerptOf('שלום עולם 你好')).toBe('שלום עולם 你好');
});

test('an open, idle inbox has no timer and no wakeup, and neither have its rooms', () => {
  const world = newWorld();
  for (const userId of ['ann', 'bob']) say(world, 'general', userId);
  const connection = world.connect(person('ann'));
  world.inboxes.use((inbox) => {
    inbox.connect(connection, {});
    world.connectionsOf('').add(connection);
  });
  world.join('general', person('bob'));
  world.rest();
  const { inboxes } = world;
  const harnesses = [inboxes, world.room('general')];
  expect(harnesses.map(({ nextTimer, wakeAt }) => [nextTimer, wakeAt])).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  expect(connection.open).toBe(true);
});

test('a room older than inboxes fills those of its members in steps once it is used', () => {
  const world = newWorld();
  const { file } = world.room('lobby');
  const before = migrations.findIndex((steps) => steps === CREATE_SENT_STATES);
  for (const statement of oldRoom(before)) file.run(statement);
  const members = Array.from({ length: 250 }, (_, at) => `member ${at}`);
  for (const userId of members) {
    file.run(
      "INSERT INTO members (user_id, username, unverified, role) VALUES (?, ?, 0, 'member')",
      userId,
      userId,
    );
  }
  file.commit();
  world.inRoom('lobby', admin, 'getRoom', {});
  let most = 0;
  for (let step = 0; step < 300; step++) {
    world.pass(20);
    most = Math.max(most, world.transit.length);
    world.arriveAll();
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(100);
  world.rest();
  for (const userId of [...members, 'alice']) {
    expect(list(world, person(userId)).conversations).toMatchObject([{ roomId: 'lobby' }]);
  }
});
