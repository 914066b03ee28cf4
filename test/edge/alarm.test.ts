import { runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, expect, it, vi } from 'vitest';
import type { Identity } from '../../src/protocol/identity.ts';
import { alarmOf, join, newRoom, runAlarms, sleep, stubOf, within } from './client.ts';

const DAY_MS = 86_400_000;
const alice: Identity = { userId: 'alice', name: 'Alice' };
const admin: Identity = { userId: 'root', name: 'Root', admin: true };

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock forward without running timers, and stops it there. */
function pass(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + ms);
}

/** Sends `count` messages, from nine users in turn. */
function say(roomId: string, count: number, text = 'hello'): Promise<void> {
  return within(roomId, async (object) => {
    const said = Array.from({ length: count }, (_, at) => {
      const speaker = { ...alice, userId: `u${at % 9}` };
      return object.execute(speaker, 'message', { message: `${text} ${at}` });
    });
    for (const { ok } of await Promise.all(said)) expect(ok).toBe(true);
  });
}

async function keepAWeek(roomId: string): Promise<void> {
  await stubOf(roomId).execute(admin, 'updateRoom', { retentionDays: 7 });
}

function horizonOf(roomId: string): Promise<number> {
  return within(roomId, (_, { storage }) =>
    Number(storage.sql.exec('SELECT horizon FROM room').one()['horizon']),
  );
}

it('a room that keeps everything sets an alarm for its inbox updates only, and none after them', async () => {
  const roomId = newRoom();
  await say(roomId, 2);
  expect(await alarmOf(roomId)).toBeGreaterThan(Date.now());
  pass(DAY_MS);
  await runAlarms(roomId);
});

it('the alarm wakes a sleeping room for retention, which sends events to its connections', async () => {
  const roomId = newRoom();
  await say(roomId, 3);
  await keepAWeek(roomId);
  // This first alarm is for the inbox updates of its members.
  expect(await alarmOf(roomId)).toBeGreaterThan(Date.now());
  pass(8 * DAY_MS);
  const listener = await join(roomId, 'bob');
  await sleep(roomId);
  expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
  expect(await listener.until('roomUpdated')).toMatchObject({ roomId, horizon: 4 });
  // What remains is to rewrite the search index and to update inboxes.
  await runAlarms(roomId);
  await listener.close();
});

it('the platform runs the alarm of a room that no request has woken', async () => {
  const roomId = newRoom();
  await say(roomId, 3);
  await keepAWeek(roomId);
  pass(8 * DAY_MS);
  const listener = await join(roomId, 'bob');
  // The platform's own clock was not moved.
  await within(roomId, (_, { storage }) => storage.setAlarm(Date.now() - 8 * DAY_MS + 300));
  await sleep(roomId);
  expect(await listener.until('roomUpdated')).toMatchObject({ roomId, horizon: 4 });
  await listener.close();
});

it('the alarm is set again as long as steps of retention remain', async () => {
  const roomId = newRoom();
  await say(roomId, 1_100);
  await keepAWeek(roomId);
  pass(8 * DAY_MS);
  await say(roomId, 1, 'kept');
  let alarms = 0;
  while ((await horizonOf(roomId)) < 1_101) {
    await sleep(roomId);
    expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
    alarms++;
  }
  expect(alarms).toBe(3);
  const left = await within(roomId, (_, { storage }) =>
    storage.sql.exec('SELECT seq FROM messages').toArray(),
  );
  expect(left).toEqual([{ seq: 1_101 }]);
  while ((await alarmOf(roomId))! <= Date.now()) await runDurableObjectAlarm(stubOf(roomId));
});

it('an alarm that runs too early, or a second time, changes nothing', async () => {
  const roomId = newRoom();
  await say(roomId, 3);
  await keepAWeek(roomId);
  await runDurableObjectAlarm(stubOf(roomId));
  expect(await horizonOf(roomId)).toBe(0);
  pass(8 * DAY_MS);
  await within(roomId, async (object) => {
    await Promise.all([object.alarm(), object.alarm()]);
  });
  expect(await horizonOf(roomId)).toBe(4);
});

it('deleting a room erases its contents and its alarm; its name stays reserved after a sleep', async () => {
  const roomId = newRoom();
  await say(roomId, 3);
  await keepAWeek(roomId);
  const listener = await join(roomId, 'bob');
  expect(await stubOf(roomId).execute(admin, 'deleteRoom', {})).toEqual({ ok: true });
  expect(await listener.ended).toMatchObject({ code: 4503 });
  // Inboxes that show the room get an update that it is gone.
  await runAlarms(roomId);
  await sleep(roomId);
  const rows = await within(roomId, (_, { storage }) => ({
    messages: storage.sql.exec('SELECT * FROM messages').toArray(),
    room: storage.sql.exec('SELECT rev, deletion FROM room').toArray(),
  }));
  expect(rows).toEqual({ messages: [], room: [{ rev: 0, deletion: 'erased' }] });
  const gone = { ok: false, error: { code: 'room_not_found' } };
  expect(await stubOf(roomId).execute(alice, 'getRoom', {})).toMatchObject(gone);
  expect(await stubOf(roomId).execute(admin, 'reopenRoom', {})).toMatchObject({ ok: true });
  await say(roomId, 1);
});

it('alarms alone erase a user, once the erasure was requested', async () => {
  const roomId = newRoom();
  await say(roomId, 30, 'xylograph');
  const asked = await stubOf(roomId).execute(admin, 'eraseUser', { userId: 'u3' });
  expect(asked).toEqual({ ok: true, done: false });
  const pending = () =>
    within(roomId, (_, { storage }) => storage.sql.exec('SELECT * FROM erasures').toArray().length);
  while ((await pending()) > 0) {
    await sleep(roomId);
    await runDurableObjectAlarm(stubOf(roomId));
  }
  await runAlarms(roomId);
  const tables = ['messages', 'members', 'reactions', 'mentions', 'audit'];
  const left = await within(roomId, (_, { storage }) =>
    JSON.stringify(tables.map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
  );
  expect(left).not.toContain('"u3"');
  expect(left).toContain('"u4"');
  const again = await stubOf(roomId).execute(admin, 'eraseUser', { userId: 'u3' });
  expect(again).toEqual({ ok: true, done: true });
});
