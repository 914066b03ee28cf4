import { abortAllDurableObjects, runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { RoomObject } from '../../src/edge/room-object.ts';
import type { ObjectPorts } from '../../src/edge/hosting-object.ts';
import type { Identity } from '../../src/protocol/identity.ts';
import type { Application } from '../../src/room/application.ts';
import type { Delivery, DeliveryOutcome } from '../../src/room/ports.ts';
import { alarmOf, newRoom, sleep, stubOf, within } from './client.ts';

const alice: Identity = { userId: 'alice', name: 'Alice' };
const admin: Identity = { userId: 'root', name: 'Root', admin: true };

/** An attempt that a room has made, and how it ends. */
interface Attempt {
  target: string;
  told: { rev: number; deletion: string | null };
  end: (outcome: DeliveryOutcome) => void;
}

const attempts: Attempt[] = [];

/** Every message and every deletion is told to the target that the room is named after. */
const application: Application = {
  effectsOf: (name, { roomId }) =>
    name === 'message' || name === 'deleteRoom'
      ? [{ type: 'deliver', target: `to ${roomId}`, key: 'state' }]
      : [],
  read: ({ state: { rev, deletion } }) => JSON.stringify({ rev, deletion }),
};

/** The production room object, with an application and a carrier that the test holds. */
beforeAll(() => {
  const prototype = RoomObject.prototype as unknown as {
    make(ports: ObjectPorts): unknown;
    carry?(target: string, deliveries: readonly Delivery[]): Promise<DeliveryOutcome[]>;
  };
  const { make, carry } = prototype;
  prototype.make = function (ports) {
    return make.call(this, { ...ports, application, hasInboxes: false } as ObjectPorts);
  };
  prototype.carry = async (target, deliveries) =>
    target.startsWith('inbox:')
      ? deliveries.map(() => 'delivered')
      : [await attempt(target, deliveries[0]!)];
  return () => {
    prototype.make = make;
    if (carry !== undefined) prototype.carry = carry;
  };
});

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock without moving timers. */
function pass(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + ms);
}

/** Ends at once with what was ordered, or when the test ends it; a promise of one object is not another's. */
let orders: DeliveryOutcome[] = [];

async function attempt(target: string, { body }: Delivery): Promise<DeliveryOutcome> {
  const told = JSON.parse(body) as Attempt['told'];
  const ended: { outcome?: DeliveryOutcome } = {};
  attempts.push({ target, told, end: (outcome) => (ended.outcome = outcome) });
  const ordered = orders.shift();
  if (ordered !== undefined) return ordered;
  while (ended.outcome === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  return ended.outcome;
}

function attemptsOf(roomId: string): Attempt[] {
  return attempts.filter(({ target }) => target === `to ${roomId}`);
}

async function say(roomId: string): Promise<void> {
  const said = await stubOf(roomId).execute(alice, 'message', { message: 'x' });
  expect(said).toMatchObject({ ok: true });
}

function rowsOf(roomId: string): Promise<{ attempt: number; body: string | null }[]> {
  return within(roomId, (_, { storage }) =>
    storage.sql
      .exec<{ attempt: number; body: string | null }>('SELECT attempt, body FROM deliveries')
      .toArray(),
  );
}

it('goes when it is acknowledged; the alarm that stands for it ends by itself', async () => {
  const roomId = newRoom();
  orders = ['delivered'];
  const before = Date.now();
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId)).toMatchObject([{ told: { rev: 1 } }]);
  expect(await alarmOf(roomId)).toBeGreaterThanOrEqual(before + 60_000);
  await runDurableObjectAlarm(stubOf(roomId));
  expect(await alarmOf(roomId)).toBeNull();
});

it('is repeated after the object has slept, with what is true then', async () => {
  const roomId = newRoom();
  orders = ['failed'];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toMatchObject([{ attempt: 1 }]);
  await sleep(roomId);
  pass(2_000);
  orders = ['delivered'];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId).map(({ told }) => told.rev)).toEqual([1, 2]);
});

it('is made by the alarm alone after the object was aborted', async () => {
  const roomId = newRoom();
  await say(roomId);
  await expect.poll(() => attemptsOf(roomId)).toHaveLength(1);
  await abortAllDurableObjects();
  attemptsOf(roomId)[0]!.end('failed');
  orders = ['delivered'];
  expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId)).toHaveLength(2);
});

it('outlives the room with its body and its alarm, and is sent after the deletion', async () => {
  const roomId = newRoom();
  // Later than what follows: the deletion would make an attempt that is due.
  orders = [{ retryAfterMs: 60_000 }];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toMatchObject([{ attempt: 1 }]);
  expect(await stubOf(roomId).execute(admin, 'deleteRoom', {})).toMatchObject({ ok: true });
  const [row] = await rowsOf(roomId);
  expect(JSON.parse(row!.body!)).toEqual({ rev: 1, deletion: 'marked' });
  expect(await alarmOf(roomId)).not.toBeNull();
  await sleep(roomId);
  pass(61_000);
  orders = ['delivered'];
  expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId).at(-1)).toMatchObject({ told: { deletion: 'marked' } });
});
