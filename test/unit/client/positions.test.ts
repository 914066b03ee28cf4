import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, type Positions, type Room } from '../../../src/client/index.ts';
import { type Host, startNodeHost } from '../../support/hosts.ts';
import { HttpVisitor } from '../../support/http-visitor.ts';
import { newRoom } from '../../support/for-each-transport.ts';
import { tokenFor } from '../../support/tokens.ts';

/** Long enough for every step on a busy machine. */
const PATIENTLY = { timeout: 120_000, interval: 10 };

let host: Host;
beforeAll(async () => {
  host = await startNodeHost({ SIGNALS: 'open' });
});
afterAll(async () => {
  await host.close();
  expect(host.failures).toEqual([]);
});

/** Storage for positions that outlives a client, as a file or a table does. */
function storage(items = new Map<string, string>()): Positions & { items: Map<string, string> } {
  return {
    items,
    get: (roomId) => Promise.resolve(items.get(roomId)),
    set: async (roomId, position) => {
      await Promise.resolve();
      items.set(roomId, position);
    },
  };
}

/** Starts a bot in a room; it ends at `stop`, or with the test. */
function start(roomId: string, positions: Positions) {
  const client = connect({ url: host.url, token: () => tokenFor('bot'), positions, history: 0 });
  onTestFinished(() => client.close());
  return { room: client.room(roomId), stop: () => client.close() };
}

/** The texts of a room's `message` events. */
function heardBy(room: Room): string[] {
  const heard: string[] = [];
  room.on('message', ({ message }) => heard.push(message));
  return heard;
}

const visitor = async (userId: string) => new HttpVisitor(host.url, await tokenFor(userId));

async function sayAll(roomId: string, from: number, to: number): Promise<void> {
  const ann = await visitor('ann');
  for (let at = from; at <= to; at++) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    expect(
      (await ann.ask('POST', roomId, '/messages', { body: { message: `line ${at}` } })).status,
    ).toBe(201);
  }
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

test('a program that was down gets the messages it missed, and none that it has handled', async () => {
  const roomId = newRoom();
  const positions = storage();
  await sayAll(roomId, 1, 2);
  const first = start(roomId, positions);
  const heard = heardBy(first.room);
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/^[\w-]+:2$/);
  await sayAll(roomId, 3, 4);
  await expect.poll(() => heard, PATIENTLY).toEqual(lines(3, 4));
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:4$/);
  first.stop();
  await sayAll(roomId, 5, 6);
  const second = start(roomId, positions);
  const more = heardBy(second.room);
  await expect.poll(() => more, PATIENTLY).toEqual(lines(5, 6));
  await sayAll(roomId, 7, 7);
  await expect.poll(() => more, PATIENTLY).toEqual(lines(5, 7));
});

test('a program begins with the first message if its stored position is 0:0', async () => {
  const roomId = newRoom();
  await sayAll(roomId, 1, 3);
  const { room } = start(roomId, storage(new Map([[roomId, '0:0']])));
  const heard = heardBy(room);
  await expect.poll(() => heard, PATIENTLY).toEqual(lines(1, 3));
  expect(room.state.messages.map(({ message }) => message)).toEqual(lines(1, 3));
});

test.each(['', 'garbage', 'e:', 'a b:1', '\u0000:7', 'e:1 x'])(
  'the invalid stored position %j counts as none',
  async (stored) => {
    const roomId = newRoom();
    const positions = storage(new Map([[roomId, stored]]));
    await sayAll(roomId, 1, 1);
    start(roomId, positions);
    await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/^[\w-]+:1$/);
  },
);

test('a program gets a reset and new messages only if its stored position is of another epoch', async () => {
  const roomId = newRoom();
  await sayAll(roomId, 1, 1);
  const positions = storage(new Map([[roomId, 'another-life:7']]));
  const { room } = start(roomId, positions);
  const events: string[] = [];
  room.on('reset', () => events.push('reset'));
  room.on('message', ({ message }) => events.push(message));
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:1$/);
  await sayAll(roomId, 2, 2);
  await expect.poll(() => events, PATIENTLY).toEqual(['reset', 'line 2']);
});

test('a message whose loop body was not finished when the program ended comes again', async () => {
  const roomId = newRoom();
  const positions = storage(new Map([[roomId, '0:0']]));
  await sayAll(roomId, 1, 3);
  const first = start(roomId, positions);
  for await (const { message } of first.room.messages()) {
    // The program ends while it handles the second message.
    if (message === 'line 2') break;
  }
  first.stop();
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:1 0$/);
  const again = heardBy(start(roomId, positions).room);
  await expect.poll(() => again, PATIENTLY).toEqual(lines(2, 3));
});

test('a message whose asynchronous listener was not finished comes again', async () => {
  const roomId = newRoom();
  const positions = storage(new Map([[roomId, '0:0']]));
  await sayAll(roomId, 1, 2);
  const first = start(roomId, positions);
  let begun = 0;
  first.room.on('message', ({ message }) => {
    begun++;
    return message === 'line 2' ? new Promise(() => undefined) : Promise.resolve();
  });
  await expect.poll(() => begun, PATIENTLY).toBe(2);
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:1 0$/);
  first.stop();
  const again = heardBy(start(roomId, positions).room);
  await expect.poll(() => again, PATIENTLY).toEqual(['line 2']);
});

test('a message that changed before it was handled is new, one that was handled is updated', async () => {
  const roomId = newRoom();
  const positions = storage(new Map([[roomId, '0:0']]));
  await sayAll(roomId, 1, 2);
  const ann = await visitor('ann');
  await ann.ask('PATCH', roomId, '/messages/1', { body: { message: 'line 1, better' } });
  const first = start(roomId, positions);
  for await (const { message } of first.room.messages()) {
    // In `rev` order line 2 comes first; the program ends before it handles the other.
    if (message !== 'line 2') break;
  }
  first.stop();
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:2 0$/);
  const second = start(roomId, positions);
  const heard = heardBy(second.room);
  await expect.poll(() => heard, PATIENTLY).toEqual(['line 1, better']);
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:3$/);
  second.stop();
  await ann.ask('PATCH', roomId, '/messages/2', { body: { message: 'line 2, better' } });
  const third = start(roomId, positions);
  const updated: string[] = [];
  third.room.on('messageUpdated', ({ message }) => updated.push(message));
  const none = heardBy(third.room);
  await expect.poll(() => updated, PATIENTLY).toEqual(['line 2, better']);
  expect(none).toEqual([]);
});

test('a signal with a field named rev moves no position', async () => {
  const roomId = newRoom();
  const positions = storage();
  await sayAll(roomId, 1, 1);
  const { room } = start(roomId, positions);
  const heard = heardBy(room);
  const signals: unknown[] = [];
  room.on('tick' as 'typing', (payload) => signals.push(payload));
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:1$/);
  const ann = await visitor('ann');
  await ann.ask('POST', roomId, '/signals/tick', { body: { data: { rev: 1_000 } } });
  await expect.poll(() => signals, PATIENTLY).toMatchObject([{ rev: 1_000, userId: 'ann' }]);
  await sayAll(roomId, 2, 2);
  await expect.poll(() => heard, PATIENTLY).toEqual(lines(2, 2));
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:2$/);
});

test('missed messages of more than one page come once each and in order', async () => {
  const roomId = newRoom();
  const positions = storage(new Map([[roomId, '0:0']]));
  const ann = await visitor('ann');
  const text = 'x'.repeat(8_000);
  for (let at = 0; at < 70; at++) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await ann.ask('POST', roomId, '/messages', { body: { message: `${at} ${text}` } });
  }
  const { room } = start(roomId, positions);
  const heard = heardBy(room);
  const all = Array.from({ length: 70 }, (_, at) => String(at));
  await expect.poll(() => heard.map((one) => one.split(' ')[0]), PATIENTLY).toEqual(all);
  await expect.poll(() => positions.items.get(roomId), PATIENTLY).toMatch(/:70$/);
});

test('hasOlder is false until the room was joined, and then says what loadOlder finds', async () => {
  const roomId = newRoom();
  await sayAll(roomId, 1, 2);
  const client = connect({ url: host.url, token: () => tokenFor('ben'), history: 1 });
  onTestFinished(() => client.close());
  const room = client.room(roomId, { join: false });
  const seen: boolean[] = [room.state.hasOlder, room.getFirstState().hasOlder];
  room.on('change', ({ you, hasOlder }) => seen.push(you === undefined && hasOlder));
  room.join();
  await expect.poll(() => room.state.hasOlder, PATIENTLY).toBe(true);
  expect(seen).not.toContain(true);
  await room.loadOlder();
  await room.loadOlder();
  expect(room.state.hasOlder).toBe(false);
});
