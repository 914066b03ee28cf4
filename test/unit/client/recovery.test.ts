import { expect, test } from 'vitest';
import type { Environment, SocketListener } from '../../../src/client/environment.ts';
import { Inbox } from '../../../src/client/inbox.ts';
import { Room } from '../../../src/client/room.ts';
import { defaultTiming } from '../../../src/client/timing.ts';
import { Tokens, type TokenSource } from '../../../src/client/tokens.ts';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { Message } from '../../../src/protocol/objects.ts';

const present = (userId: string) => ({ userId, username: userId });

/** The reply to a join of a room with `memberCount` members. */
function joinReply(online: string[], more: Partial<Reply<'joinRoom'>> = {}, memberCount = 2) {
  const room = { roomId: 'r', createdAt: 1, private: false, readOnly: false, slowModeSeconds: 0 };
  const you = { ...present('anna'), role: 'member', readUpTo: 5, unread: 0, unreadMentions: 0 };
  return {
    ok: true,
    epoch: 'e',
    position: 'e:5',
    room: { ...room, memberCount, horizon: 0 },
    you,
    online: online.map(present),
    onlineCount: online.length,
    presence: 'users',
    messages: [],
    ...more,
  };
}

function said(senderId: string, seq: number): Message {
  const at = { roomId: 'r', seq, rev: seq, id: `${seq}`, timestamp: 1 };
  return { ...at, senderId, sender: senderId, message: 'hello' };
}

/** An environment whose sockets and timers the test controls. */
function surroundings(now = 0) {
  const opened: URL[] = [];
  const sent: [name: string, payload: object, ref: number][] = [];
  const due: (() => void)[] = [];
  let listener: SocketListener | undefined;
  const environment: Environment = {
    now: () => now,
    random: () => 0,
    makeId: () => `made-${opened.length}`,
    after(_, work) {
      due.push(work);
      return () => void due.splice(due.indexOf(work), 1);
    },
    open(url, _, opener) {
      opened.push(new URL(url));
      listener = opener;
      return {
        send(text) {
          if (text !== 'ping') sent.push(JSON.parse(text) as (typeof sent)[number]);
        },
        close: () => undefined,
      };
    },
    onWake: () => () => undefined,
  };
  return {
    environment,
    opened,
    sent,
    due,
    hear: (...tuples: unknown[][]) =>
      listener?.text(tuples.map((tuple) => JSON.stringify(tuple)).join('\n')),
    lose: () => listener?.closed(1006, ''),
  };
}

const connection = (token: TokenSource) => ({
  timing: defaultTiming,
  tokens: new Tokens(token),
  guest: { token: undefined },
});

/** Anna's room in such an environment. */
async function withHarness(token: TokenSource = 'a', now = 0) {
  const around = surroundings(now);
  const room = new Room(
    {
      ...connection(token),
      roomId: 'r',
      url: new URL('ws://host/rooms/r/ws'),
      quiet: false,
      history: 0,
      storageKey: 'k',
      onGuestToken: () => undefined,
    },
    around.environment,
  );
  room.join();
  await expect.poll(() => around.opened).toHaveLength(1);
  return { ...around, room, online: () => room.state.online.map(({ userId }) => userId) };
}

test('a client that received only a number asks who is online, and how far everyone has read', async () => {
  const { room, sent, hear, online } = await withHarness();
  hear(['joined', joinReply(['anna', 'ben'], { receipts: [{ userId: 'ben', readUpTo: 1 }] })]);
  expect(online()).toEqual(['anna', 'ben']);
  hear(['presence', { roomId: 'r', onlineCount: 2 }]);
  expect(sent.map(([name]) => name)).toEqual(['joinRoom']);
  const again = joinReply(['anna', 'cleo'], { receipts: [{ userId: 'ben', readUpTo: 4 }] });
  hear(['ack', sent[0]?.[2], again], ['userJoined', { roomId: 'r', ...present('dora') }]);
  expect(online()).toEqual(['anna', 'cleo', 'dora']);
  expect(room.state.onlineCount).toBe(3);
  expect([...room.state.receipts]).toEqual([['ben', 4]]);
  // In a crowd the client has no use for names, and asking would only burden the room.
  hear(['presence', { roomId: 'r', onlineCount: 201 }]);
  expect(sent).toHaveLength(1);
  expect(room.state.onlineCount).toBe(201);
});

test('a first change tells how far its author had read if the receipts of all others are known', async () => {
  const { room, hear } = await withHarness();
  hear(['joined', joinReply(['anna'], { receipts: [{ userId: 'ben', readUpTo: 1 }] })]);
  const reaction = { roomId: 'r', seq: 6, reactions: { '👍': 1 }, emoji: '👍', added: true };
  hear(
    ['message', said('cleo', 6)],
    ['message', said('ben', 7)],
    ['reactionsUpdated', { ...reaction, rev: 8, by: 'dora' }],
  );
  expect([...room.state.receipts]).toEqual([
    ['ben', 1],
    ['cleo', 5],
    ['dora', 7],
  ]);
});

test('a first change tells nothing about reading if the room has more than 50 members', async () => {
  const { room, hear } = await withHarness();
  hear(['joined', joinReply(['anna'], {}, 51)], ['message', said('cleo', 6)]);
  expect([...room.state.receipts]).toEqual([]);
});

test('[SYNC5] a client that reconnects sends its session, so that its old connection is disconnected', async () => {
  const { opened, hear, lose, due } = await withHarness();
  hear(['joined', joinReply(['anna'])]);
  lose();
  due.at(-1)?.();
  await expect.poll(() => opened).toHaveLength(2);
  const [first, second] = opened.map(({ searchParams }) => searchParams);
  expect(first?.get('session')).toBe('made-0');
  expect(second?.get('session')).toBe('made-0');
  expect(second?.get('since')).toBe('e:5');
});

test('a refusal whose close frame is lost does not block a client', async () => {
  const { room, opened, hear, due } = await withHarness();
  hear(['joined', { ok: false, error: { code: 'unavailable', message: 'Try again.' } }]);
  // Runs the timers for the late answer and for the reconnect.
  for (let step = 0; step < 3; step++) due.at(-1)?.();
  expect(room.state.status.name).toBe('connecting');
  await expect.poll(() => opened).toHaveLength(2);
});

test('a reply that arrived while the client was suspended is handled before its timeout', async () => {
  const { room, opened, hear, due } = await withHarness();
  due.at(-1)?.();
  hear(['joined', joinReply(['anna'])]);
  expect(room.state.status.name).toBe('open');
  expect(opened).toHaveLength(1);
});

test('a signal that is no object reaches its listeners, and the rest of its frame is handled', async () => {
  const { room, hear } = await withHarness();
  hear(['joined', joinReply(['anna'])]);
  const heard: unknown[] = [];
  room.on('move' as 'typing', (payload) => heard.push(payload));
  const sent = ['hello', '', null, 7, false, ['a', [1]]];
  hear(...sent.map((first) => ['move', first, { roomId: 'r', ...present('ben') }]), [
    'message',
    said('ben', 6),
  ]);
  expect(heard).toEqual(sent);
  expect(room.state.messages).toMatchObject([{ seq: 6, message: 'hello' }]);
});

test.each([
  ['has time left is renewed', 11_000, ['refreshToken']],
  ['seems to have expired, on a clock that is ahead, is not renewed', 9_000, []],
])('a token that %s', async (_, expiresAt, commands) => {
  const { hear, sent, due } = await withHarness(() => 'newer', 10_000);
  const reply = joinReply(['anna']);
  hear(['joined', { ...reply, you: { ...reply.you, expiresAt } }]);
  for (const work of due.slice()) work();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(sent.map(([name]) => name)).toEqual(commands);
});

test('a room that is left leaves no timer, even if a command was to be sent later', async () => {
  const { room, sent, hear, due } = await withHarness();
  hear(['joined', joinReply(['anna'])]);
  void room.send('one');
  const error = { code: 'slow_mode', message: 'Wait.', retryAfterMs: 300_000 };
  hear(['ack', sent[0]?.[2], { ok: false, error }]);
  expect(room.state.outgoing).toMatchObject([{ retryAt: 300_000 }]);
  room.leave();
  expect(due).toEqual([]);
});

test('an inbox that is closed leaves no timer, even if it watched rooms', async () => {
  const { environment, opened, sent, hear, due } = surroundings();
  const inbox = new Inbox({ ...connection('a'), url: new URL('ws://host/inbox/ws') }, environment);
  await expect.poll(() => opened).toHaveLength(1);
  const totals = { unread: 0, mentions: 0 };
  hear(['inbox', { ok: true, position: 'e:1', conversations: [], hasMore: false, totals }]);
  inbox.watch(['r']);
  expect(sent).toEqual([['watchInbox', { roomIds: ['r'] }, 1]]);
  inbox.close();
  expect(due).toEqual([]);
});
