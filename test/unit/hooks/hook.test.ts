import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PostOutcome } from '../../../src/hooks/post.ts';
import { type HookEvent, hookEvents } from '../../../src/protocol/hook-requests.ts';
import { ERASED_BODY, LOG_KEY } from '../../../src/room/hook/deliver.ts';
import { admin, HookHarness, type Sent } from './hook-harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const down = (): PostOutcome => ({ type: 'failed', reason: 'it answered 500' });
const taken = (): PostOutcome => ({ type: 'taken' });

/** Runs a test with a new harness, and checks that nothing failed unexpectedly in it. */
function withHarness(
  work: (harness: HookHarness) => Promise<void> | void,
  events?: readonly HookEvent[],
): () => Promise<void> {
  return async () => {
    const harness = new HookHarness(events);
    try {
      await work(harness);
    } finally {
      harness.close();
    }
    expect([...harness.failures, ...harness.room.defects]).toEqual([]);
  };
}

/** The ranges of the room's log that the requests contain. */
const ranges = (sent: readonly Sent[]) =>
  sent.filter(({ type }) => type === 'room.changed').map(({ data }) => [data.from, data.to]);

/** The requests about rooms, but not their members, each with the room's epoch. */
const lives = (sent: readonly Sent[]) =>
  sent
    .filter(({ type }) => type.startsWith('room.'))
    .map(({ type, data }) => [type, data.epoch] as const);

/** An export of a room with these messages, as lines. */
const exported = ({ rev, messages }: { rev: number; messages: readonly object[] }) => {
  const end = {
    type: 'end',
    rev,
    horizon: 0,
    createdAt: 1,
    changedAt: 1,
    owned: false,
    topic: null,
    private: false,
    readOnly: false,
    slowModeSeconds: 0,
    retentionDays: null,
  };
  const lines = [{ type: 'export', version: 1, roomId: 'x' }, ...messages, end];
  return lines.map((line) => JSON.stringify(line)).join('\n');
};

describe('the hook', () => {
  it(
    'sends pages of 100 changes, one request after the other',
    withHarness(async (harness) => {
      for (let at = 0; at < 250; at++) harness.say(`m${at}`);
      await harness.settle();
      expect(ranges(harness.sent)).toEqual([
        [0, 100],
        [100, 200],
        [200, 250],
      ]);
      expect(harness.changes.map(({ rev }) => rev)).toEqual(
        Array.from({ length: 250 }, (_, at) => at + 1),
      );
    }),
  );

  it(
    'sends a streamed message when it is finished, and nothing while it grows',
    withHarness(async (harness) => {
      harness.do('message', { message: '', streaming: true });
      harness.do('appendMessage', { seq: 1, offset: 0, text: 'whole' });
      await harness.settle();
      expect(harness.changes).toEqual([]);
      harness.do('finishMessage', { seq: 1 });
      await harness.settle();
      expect(harness.changes).toMatchObject([{ seq: 1, message: 'whole' }]);
    }),
  );

  it(
    'retries for ever, from a second up to an hour apart',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      await harness.settle();
      const at: number[] = [];
      harness.answer = () => {
        at.push(harness.room.now);
        return down();
      };
      const start = harness.room.now;
      await harness.pass(2 * DAY_MS);
      const waits = at.map((time, index) => time - (at[index - 1] ?? start));
      expect(waits[0]).toBeLessThanOrEqual(1_000);
      expect(waits.every((wait, index) => wait <= Math.min(2 ** index * 1_000, HOUR_MS))).toBe(
        true,
      );
      expect(Math.min(...waits.slice(-20))).toBeGreaterThanOrEqual(HOUR_MS / 2);
      expect(new Set(harness.sent.map(({ id, text }) => id + text)).size).toBe(1);
      harness.answer = taken;
      await harness.pass(HOUR_MS);
      expect(harness.noted).toEqual(['it answered 500', 'works']);
      const before = harness.sent.length;
      // After a success, waits start at a second again.
      harness.answer = down;
      harness.say('two');
      await harness.settle();
      await harness.pass(1_000);
      expect(harness.sent.length - before).toBeGreaterThan(1);
    }),
  );

  it(
    'catches up after the backend was down for a week, without waking the room for its retries',
    withHarness(async (harness) => {
      harness.answer = down;
      const sizes: number[] = [];
      for (let day = 0; day < 7; day++) {
        for (let at = 0; at < 60; at++) harness.say(`day ${day}, ${at} ${'x'.repeat(500)}`);
        await harness.settle();
        await harness.pass(2 * HOUR_MS);
        harness.room.sleep();
        const { reads } = harness;
        const { lives } = harness.room;
        await harness.pass(DAY_MS - 2 * HOUR_MS);
        // Retries repeat a stored request, so the room is not asked and keeps sleeping.
        expect([harness.reads - reads, harness.room.lives - lives]).toEqual([0, 0]);
        sizes.push(statSync(join(harness.folder, 'hook.sqlite')).size);
      }
      expect(sizes[6]).toBeLessThanOrEqual(sizes[1]!);
      const failed = harness.sent.length;
      harness.answer = taken;
      await harness.pass(HOUR_MS);
      const caught = harness.sent.slice(failed).flatMap(({ data }) => data.changes ?? []);
      expect(caught.map(({ rev }) => rev)).toEqual(Array.from({ length: 420 }, (_, at) => at + 1));
    }),
  );

  it(
    'reads changes again after a request failed, so that it sends no text deleted since',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('a secret');
      await harness.settle();
      harness.do('deleteMessage', { seq: 1 });
      await harness.settle();
      harness.answer = taken;
      const failed = harness.sent.length;
      await harness.pass(DAY_MS);
      const later = harness.sent.slice(failed);
      expect(later.map(({ text }) => text.includes('secret'))).toEqual(later.map(() => false));
      expect(later.at(-1)?.data.changes).toMatchObject([{ seq: 1, rev: 2, message: '' }]);
    }),
  );

  it(
    'drops a request that has failed when its room is deleted, so that it sends no text of it',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('a secret');
      await harness.settle();
      harness.do('deleteRoom', {}, admin);
      await harness.settle();
      harness.answer = taken;
      const failed = harness.sent.length;
      await harness.pass(DAY_MS);
      expect(harness.sent.slice(failed)).toEqual([]);
      expect(harness.use((hook) => hook.statusOf('harness'))).toMatchObject({ isWaiting: false });
    }),
  );

  it.each<[still: HookEvent[], events: readonly HookEvent[]]>([
    [['room.deleted'], hookEvents],
    [[], ['member.updated']],
    [[], ['room.created', 'room.changed', 'member.updated', 'notification']],
  ])('sends %j, and no event that waits, of a deleted room where it follows %j', (still, events) =>
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      harness.do('setRole', { userId: 'bob', role: 'moderator' }, admin);
      await harness.settle();
      const body = JSON.stringify({ type: 'notification' });
      if (events.includes('notification')) {
        harness.use((hook) => hook.enqueue('harness', [{ key: 'notification:bob', body }]));
      }
      harness.do('deleteRoom', {}, admin);
      await harness.settle();
      harness.answer = taken;
      const failed = harness.sent.length;
      await harness.pass(DAY_MS);
      expect(harness.sent.slice(failed).map(({ type }) => type)).toEqual(still);
      expect(harness.noted).toEqual(['it answered 500', 'works']);
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 0 });
    }, events)(),
  );

  it(
    'sends the events of the next life of a room that is deleted and reopened within a second',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      harness.do('setRole', { userId: 'bob', role: 'moderator' }, admin);
      await harness.settle();
      harness.do('deleteRoom', {}, admin);
      harness.do('reopenRoom', {}, admin);
      harness.say('again');
      harness.do('setRole', { userId: 'cem', role: 'moderator' }, admin);
      await harness.settle();
      harness.answer = taken;
      const failed = harness.sent.length;
      await harness.pass(DAY_MS);
      const later = harness.sent.slice(failed);
      expect(later.map(({ type }) => type)).toEqual([
        'room.created',
        'room.deleted',
        'room.changed',
        'member.updated',
      ]);
      expect(later.at(-1)?.data).toMatchObject({ member: { userId: 'cem' } });
      expect(later[0]?.data.epoch).toBe(later[2]?.data.epoch);
    }, hookEvents),
  );

  it(
    'learns of a deletion by a key that earlier versions know, too',
    withHarness(async (harness) => {
      harness.say('one');
      harness.do('deleteRoom', {}, admin);
      await harness.settle();
      expect([...harness.keys].toSorted()).toEqual(['created', 'deleted', 'log']);
    }, hookEvents),
  );

  it(
    'does not count a room as failing when a request fails during which it is deleted',
    withHarness(
      async (harness) => {
        harness.answer = () => {
          const erased = { key: LOG_KEY, body: ERASED_BODY };
          harness.use((hook) => hook.enqueue('harness', [erased]));
          return down();
        };
        harness.do('setRole', { userId: 'bob', role: 'moderator' }, admin);
        await harness.pass(DAY_MS);
        expect(harness.sent).toHaveLength(1);
        expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 0 });
      },
      ['member.updated'],
    ),
  );

  it(
    'counts a room as failing while its changes fail, also if other settings drop an event',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      await harness.settle();
      const status = () => harness.use((hook) => hook.statusOf('harness'));
      const before = status();
      harness.die();
      harness.fingerprint = 'other settings';
      harness.events = new Set(['room.changed']);
      await harness.pass(DAY_MS);
      expect(harness.noted).toEqual(['it answered 500']);
      expect(status()).toEqual(before);
    }, hookEvents),
  );

  it(
    'counts a room as failing no longer when it is deleted',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      await harness.settle();
      // The next attempt reads the room again.
      harness.say('two');
      await harness.settle();
      harness.do('deleteRoom', {}, admin);
      await harness.settle();
      harness.answer = taken;
      await harness.pass(DAY_MS);
      expect(harness.noted).toEqual(['it answered 500', 'works']);
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 0, rooms: [] });
    }),
  );

  it(
    'stops at 410 until the settings change',
    withHarness(async (harness) => {
      harness.answer = () => ({ type: 'gone' });
      harness.say('one');
      await harness.settle();
      harness.say('two');
      await harness.pass(30 * DAY_MS);
      expect(ranges(harness.sent)).toEqual([[0, 1]]);
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 1, stopped: true });
      const before = harness.sent.length;
      harness.answer = taken;
      harness.die();
      harness.fingerprint = 'other settings';
      harness.use((hook) => hook.wake());
      await harness.settle();
      expect(harness.sent.length).toBeGreaterThan(before);
      expect(ranges(harness.sent.slice(before))).toEqual([[0, 2]]);
      expect(harness.use((hook) => hook.summary())).toEqual({
        failing: 0,
        stopped: false,
        rooms: [],
      });
    }),
  );

  it(
    'reports to the object of all rooms whether a room has stopped, also if it failed before',
    withHarness((harness) =>
      withHarness(async (all) => {
        all.report = () => Promise.resolve();
        harness.report = (...report) => Promise.resolve(all.use((hook) => hook.report(...report)));
        const summary = () => all.use((hook) => hook.summary());
        harness.answer = down;
        harness.say('one');
        await harness.settle();
        expect(summary()).toMatchObject({ failing: 1, stopped: false });
        harness.answer = () => ({ type: 'gone' });
        await harness.pass(HOUR_MS);
        const reason = expect.stringContaining('410') as string;
        const rooms = [{ roomId: 'harness', reason }];
        expect(summary()).toMatchObject({ failing: 1, stopped: true, rooms });
        harness.die();
        harness.fingerprint = 'other settings';
        harness.answer = down;
        await harness.pass(HOUR_MS);
        expect(summary()).toMatchObject({ failing: 1, stopped: false });
        harness.answer = taken;
        await harness.pass(HOUR_MS);
        expect(summary()).toEqual({ failing: 0, stopped: false, rooms: [] });
      })(),
    ),
  );

  it.each<[what: string, still: HookEvent[]]>([
    ['of a room that other settings no longer name', []],
    ['that other settings no longer name', ['room.created']],
  ])('sends no waiting changes and events %s, and does not count them as failing', (_, still) =>
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('a secret');
      harness.do('setRole', { userId: 'bob', role: 'moderator' }, admin);
      await harness.settle();
      harness.die();
      harness.fingerprint = 'other settings';
      harness.events = new Set(still);
      harness.answer = taken;
      const failed = harness.sent.length;
      await harness.pass(DAY_MS);
      expect(harness.sent.slice(failed).map(({ type }) => type)).toEqual(still);
      expect(harness.noted.at(-1)).toBe('works');
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 0 });
      expect(harness.use((hook) => hook.statusOf('harness'))).toMatchObject({ isWaiting: false });
    }, hookEvents)(),
  );

  it(
    'sends a request again when a crash lost its acknowledgement',
    withHarness(async (harness) => {
      harness.say('one');
      harness.answer = () => {
        harness.die();
        return { type: 'taken' };
      };
      await harness.settle();
      harness.answer = taken;
      await harness.pass(HOUR_MS);
      const logs = harness.sent.filter(({ type }) => type === 'room.changed');
      expect(logs.at(-1)?.data.changes).toMatchObject([{ rev: 1 }]);
    }),
  );

  it(
    'sends a replay with new request ids, also one asked for while a request is under way',
    withHarness(async (harness) => {
      for (let at = 0; at < 3; at++) harness.say(`m${at}`);
      await harness.settle();
      const { epoch } = harness.sent.at(-1)!.data;
      const before = harness.sent.length;
      harness.say('m3');
      harness.answer = (sent) => {
        if (sent.data.from === 3) harness.use((hook) => hook.replay('harness', `${epoch}:1`));
        harness.answer = taken;
        return { type: 'taken' };
      };
      await harness.settle();
      expect(ranges(harness.sent.slice(before))).toEqual([
        [3, 4],
        [1, 4],
      ]);
      expect(new Set(harness.sent.map(({ id }) => id)).size).toBe(harness.sent.length);
    }),
  );

  it(
    'sends a replay at once, even if the room was waiting for a retry',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.say('one');
      await harness.pass(DAY_MS);
      harness.answer = taken;
      const before = harness.sent.length;
      harness.use((hook) => hook.replay('harness', hook.statusOf('harness').position));
      await harness.settle();
      expect(ranges(harness.sent.slice(before))).toEqual([[0, 1]]);
      expect(harness.use((hook) => hook.statusOf('harness'))).toMatchObject({ isWaiting: false });
    }),
  );

  it(
    'sends `reset` for a room that was deleted and reopened',
    withHarness(async (harness) => {
      harness.say('one');
      await harness.settle();
      harness.do('deleteRoom', {}, admin);
      harness.do('reopenRoom', {}, admin);
      harness.say('again');
      await harness.settle();
      const last = harness.sent.findLast(({ type }) => type === 'room.changed');
      expect(last?.data).toMatchObject({
        reset: true,
        from: 0,
        to: 1,
        changes: [{ message: 'again' }],
      });
      const { epoch } = harness.sent[0]!.data;
      const again = last?.data.epoch;
      expect(again).not.toBe(epoch);
      expect(lives(harness.sent)).toEqual([
        ['room.created', epoch],
        ['room.changed', epoch],
        ['room.deleted', epoch],
        ['room.created', again],
        ['room.changed', again],
      ]);
    }, hookEvents),
  );

  it.each<[what: string, prepare: (harness: HookHarness) => void]>([
    [
      'was provisioned',
      (harness) => {
        harness.do('updateRoom', { private: true }, admin);
        harness.do('setRole', { userId: 'alice', role: 'owner' }, admin);
      },
    ],
    ['begins with a file', (harness) => harness.do('reserveFile', { name: 'a.png', size: 1 })],
    [
      'was deleted before its first message, and reopened',
      (harness) => {
        harness.do('updateRoom', { topic: 'first' }, admin);
        harness.do('deleteRoom', {}, admin);
        harness.do('reopenRoom', {}, admin);
      },
    ],
    [
      'was imported without messages',
      (harness) =>
        harness.do('importRoom', { text: exported({ rev: 0, messages: [] }), line: 1 }, admin),
    ],
  ])('sends `room.created` once, with the first message, for a room that %s', (_, prepare) =>
    withHarness(async (harness) => {
      prepare(harness);
      await harness.settle();
      const isCreated = () => harness.sent.filter(({ type }) => type === 'room.created').length;
      expect(isCreated()).toBe(0);
      for (const text of ['one', 'two']) {
        harness.say(text);
        await harness.settle();
      }
      expect(isCreated()).toBe(1);
      const begun = harness.sent.findIndex(({ type }) => type === 'room.created');
      const { epoch } = harness.sent.at(-1)!.data;
      expect(lives(harness.sent.slice(begun))).toEqual([
        ['room.created', epoch],
        ['room.changed', epoch],
        ['room.changed', epoch],
      ]);
    }, hookEvents)(),
  );

  it(
    'sends `room.created` once for a room that was imported with messages',
    withHarness(async (harness) => {
      const message = { seq: 1, rev: 1, id: 'a', senderId: 'alice', sender: 'Alice', message: 'x' };
      const messages = [{ type: 'message', ...message, timestamp: 1 }];
      harness.do('importRoom', { text: exported({ rev: 1, messages }), line: 1 }, admin);
      await harness.settle();
      harness.say('two');
      await harness.settle();
      expect(lives(harness.sent).map(([type]) => type)).toEqual([
        'room.created',
        'room.changed',
        'room.changed',
      ]);
      expect(harness.changes.map(({ rev }) => rev)).toEqual([1, 2]);
    }, hookEvents),
  );

  it(
    'sends `room.created` before changes of the room also after failures',
    withHarness(
      async (harness) => {
        harness.answer = ({ type }) => (type === 'room.changed' ? down() : taken());
        harness.say('one');
        await harness.pass(DAY_MS);
        // A moment before the next retry.
        await harness.pass(harness.wakeAt! - harness.room.now - 1);
        harness.answer = down;
        harness.do('deleteRoom', {}, admin);
        harness.do('reopenRoom', {}, admin);
        harness.say('again');
        await harness.settle();
        harness.answer = taken;
        const failed = harness.sent.length;
        await harness.pass(2 * HOUR_MS);
        const { epoch } = harness.sent.at(-1)!.data;
        const again = lives(harness.sent.slice(failed)).filter(([, life]) => life === epoch);
        expect(again.map(([type]) => type)).toEqual(['room.created', 'room.changed']);
      },
      ['room.changed', 'room.created'],
    ),
  );

  it(
    'sends a reopened room with its first change, also if the last life still waited for a retry',
    withHarness(
      async (harness) => {
        harness.say('one');
        await harness.settle();
        harness.answer = down;
        harness.say('two');
        await harness.settle();
        harness.do('deleteRoom', {}, admin);
        harness.do('reopenRoom', {}, admin);
        await harness.settle();
        harness.answer = taken;
        const failed = harness.sent.length;
        await harness.pass(DAY_MS);
        expect(harness.sent.slice(failed)).toEqual([]);
        harness.say('again');
        await harness.settle();
        expect(lives(harness.sent.slice(failed)).map(([type]) => type)).toEqual([
          'room.created',
          'room.changed',
        ]);
        expect(harness.sent.at(-1)?.data).toMatchObject({ from: 0, to: 1, reset: true });
      },
      ['room.changed', 'room.created'],
    ),
  );

  it(
    'sends and answers while its wakeup cannot be set, and sets it at the next flush',
    withHarness(async (harness) => {
      harness.answer = down;
      harness.wakeupFault = new Error('disk full');
      harness.say('hello');
      await harness.settle();
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 1 });
      expect(harness.wakeAt).toBeUndefined();
      expect(new Set(harness.failures.splice(0))).toEqual(new Set([harness.wakeupFault]));
      harness.wakeupFault = undefined;
      harness.use((hook) => hook.summary());
      expect(harness.wakeAt).toBeDefined();
      harness.answer = taken;
      await harness.pass(HOUR_MS);
      expect(harness.changes.at(-1)).toMatchObject({ message: 'hello' });
      expect(harness.use((hook) => hook.summary())).toMatchObject({ failing: 0 });
    }),
  );

  it(
    'knows nothing of a room that has sent nothing',
    withHarness(async (harness) => {
      expect(harness.use((hook) => hook.summary())).toEqual({
        failing: 0,
        stopped: false,
        rooms: [],
      });
      expect(harness.use((hook) => hook.statusOf('elsewhere'))).toEqual({
        position: '0:0',
        isWaiting: false,
      });
    }),
  );
});
