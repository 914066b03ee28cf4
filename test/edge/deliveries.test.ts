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

/** An attempt at a delivery: what it carries, and a function that ends it. */
interface Attempt {
  target: string;
  sent: { rev: number; deletion: string | null };
  end: (outcome: DeliveryOutcome) => void;
}

const attempts: Attempt[] = [];

/** Delivers the room's state to the target `to <roomId>` after every message and deletion. */
const application: Application = {
  effectsOf: (name, { roomId }) =>
    name === 'message' || name === 'deleteRoom'
      ? [{ type: 'deliver', target: `to ${roomId}`, key: 'state' }]
      : [],
  read: ({ state: { rev, deletion } }) => JSON.stringify({ rev, deletion }),
};

/** Gives the production room object this file's application and carrier. */
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

/** Moves the clock forward without running timers, and stops it there. */
function pass(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + ms);
}

/** The outcomes of the next attempts; an attempt without one lasts until the test ends it. */
let nextOutcomes: DeliveryOutcome[] = [];

async function attempt(target: string, { body }: Delivery): Promise<DeliveryOutcome> {
  const sent = JSON.parse(body) as Attempt['sent'];
  const ended: { outcome?: DeliveryOutcome } = {};
  attempts.push({ target, sent, end: (outcome) => (ended.outcome = outcome) });
  const next = nextOutcomes.shift();
  if (next !== undefined) return next;
  // Polled, since an object cannot await a promise that is resolved outside it.
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

it('a delivery is deleted when it is acknowledged, and its alarm is not set again', async () => {
  const roomId = newRoom();
  nextOutcomes = ['delivered'];
  const before = Date.now();
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId)).toMatchObject([{ sent: { rev: 1 } }]);
  expect(await alarmOf(roomId)).toBeGreaterThanOrEqual(before + 60_000);
  await runDurableObjectAlarm(stubOf(roomId));
  expect(await alarmOf(roomId)).toBeNull();
});

it('a failed delivery is repeated after the object has slept, with the state of that moment', async () => {
  const roomId = newRoom();
  nextOutcomes = ['failed'];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toMatchObject([{ attempt: 1 }]);
  await sleep(roomId);
  pass(2_000);
  nextOutcomes = ['delivered'];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId).map(({ sent }) => sent.rev)).toEqual([1, 2]);
});

it('the alarm alone repeats a delivery after the object was aborted', async () => {
  const roomId = newRoom();
  await say(roomId);
  await expect.poll(() => attemptsOf(roomId)).toHaveLength(1);
  await abortAllDurableObjects();
  attemptsOf(roomId)[0]!.end('failed');
  nextOutcomes = ['delivered'];
  expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId)).toHaveLength(2);
});

it('a delivery outlives its room with its body and alarm, and is sent after the deletion', async () => {
  const roomId = newRoom();
  // Late enough that the deletion does not make the next attempt.
  nextOutcomes = [{ retryAfterMs: 60_000 }];
  await say(roomId);
  await expect.poll(() => rowsOf(roomId)).toMatchObject([{ attempt: 1 }]);
  expect(await stubOf(roomId).execute(admin, 'deleteRoom', {})).toMatchObject({ ok: true });
  const [row] = await rowsOf(roomId);
  expect(JSON.parse(row!.body!)).toEqual({ rev: 1, deletion: 'marked' });
  expect(await alarmOf(roomId)).not.toBeNull();
  await sleep(roomId);
  pass(61_000);
  nextOutcomes = ['delivered'];
  expect(await runDurableObjectAlarm(stubOf(roomId))).toBe(true);
  await expect.poll(() => rowsOf(roomId)).toEqual([]);
  expect(attemptsOf(roomId).at(-1)).toMatchObject({ sent: { deletion: 'marked' } });
});
